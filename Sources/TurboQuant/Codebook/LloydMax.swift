/// A law on an interval, given by the integrals from which a Lloyd–Max quantizer is solved.
///
/// A symmetric law is solved on its positive half. No law need be normalised, because every use divides by a mass.
protocol IntervalLaw {
  /// The ends of the interval, which holds all but 1e−30 of the mass.
  var lowerEnd: Double { get }
  var upperEnd: Double { get }
  /// The first guess of the centroids lies below this.
  var bulkEnd: Double { get }
  /// The approximate standard deviation.
  var scale: Double { get }
  /// The density, up to a constant factor.
  func density(_ t: Double) -> Double
  /// ∫ g(t) f(t) dt over `a` … `b`, within the interval, for a smooth g.
  func integral(from a: Double, to b: Double, _ g: (Double) -> Double) -> Double
  /// ∫ t f(t) dt over `a` … `b`.
  func firstMoment(from a: Double, to b: Double) -> Double
}

/// The Lloyd–Max quantizer of a law: centroids at the mean of their cells, boundaries at midpoints.
///
/// It is solved by Newton's method on the centroid condition, because Lloyd's own iteration has not
/// converged at 8 bits after 20,000 rounds.
enum LloydMax {
  /// `count` centroids on the law's interval, ascending, accurate to 1e−12 standard deviations.
  ///
  /// It takes about eight Newton steps of O(`count`) quadratures each.
  static func centroids(of law: some IntervalLaw, count: Int) -> [Double] {
    var c = companded(law, count: count)
    var condition = CentroidCondition(law, c)
    for _ in 0..<100 {
      let step = condition.newtonStep()
      let next = damped(law, c, step, from: condition)
      guard let (centroids, nextCondition) = next else { break }
      c = centroids
      condition = nextCondition
      // Smaller steps are rounding errors of the quadrature.
      if step.allSatisfy({ abs($0) <= 1e-14 * law.scale }) { break }
    }
    return c
  }

  /// The centroids after a damped step, with their condition; nil when rounding leaves no such step.
  ///
  /// The damped step is the longest of the step, its half, its quarter, … that keeps the centroids
  /// in order and brings them closer to their cells' means.
  private static func damped(
    _ law: some IntervalLaw, _ c: [Double], _ step: [Double], from condition: CentroidCondition
  ) -> ([Double], CentroidCondition)? {
    var damping = 1.0
    while damping > 1e-4 {
      let next = zip(c, step).map { $0 - damping * $1 }
      if isAscending(next, law) {
        let nextCondition = CentroidCondition(law, next)
        if nextCondition.largest < condition.largest { return (next, nextCondition) }
      }
      damping /= 2
    }
    return nil
  }

  /// Distortion per coordinate from one half of the law, relative to the law's variance.
  static func distortion(of law: CoordinateLaw, positiveCentroids c: [Double]) -> Double {
    let edges = edges(of: c, law)
    var error = 0.0
    for (i, centroid) in c.enumerated() {
      error += law.integral(from: edges[i], to: edges[i + 1]) { t in
        (t - centroid) * (t - centroid)
      }
    }
    let mass = law.integral(from: 0, to: law.upperEnd)
    return error / mass / (law.scale * law.scale)
  }

  /// The edges of the cells: the ends of the interval, and the midpoints of the centroids between them.
  static func edges(of c: [Double], _ law: some IntervalLaw) -> [Double] {
    [law.lowerEnd] + zip(c, c.dropFirst()).map { ($0 + $1) / 2 } + [law.upperEnd]
  }

  private static func isAscending(_ c: [Double], _ law: some IntervalLaw) -> Bool {
    var last = law.lowerEnd
    for value in c {
      guard value > last else { return false }
      last = value
    }
    return last < law.upperEnd
  }

  /// The centroids of a compander, at equal shares of the density's cube root (Panter and Dite, 1951).
  ///
  /// They are optimal as the number of centroids grows.
  private static func companded(_ law: some IntervalLaw, count: Int) -> [Double] {
    let cells = 4096
    let width = (law.bulkEnd - law.lowerEnd) / Double(cells)
    var cumulative = [0.0]
    for i in 0..<cells {
      let f = law.density(law.lowerEnd + (Double(i) + 0.5) * width)
      cumulative.append(cumulative[i] + cubeRoot(f))
    }
    var centroids: [Double] = []
    var cell = 0
    for i in 0..<count {
      let target = (Double(i) + 0.5) / Double(count) * cumulative[cells]
      while cumulative[cell + 1] < target { cell += 1 }
      let part = (target - cumulative[cell]) / (cumulative[cell + 1] - cumulative[cell])
      centroids.append(law.lowerEnd + (Double(cell) + part) * width)
    }
    return centroids
  }

  /// A cube root that is good enough for a first guess: six Newton steps from a guess of the exponent.
  private static func cubeRoot(_ x: Double) -> Double {
    guard x > 0x1p-1000 else { return 0 }
    var y = Double(sign: .plus, exponent: Int(x.exponent) / 3, significand: 1)
    for _ in 0..<6 { y = (2 * y + x / (y * y)) / 3 }
    return y
  }

  /// G_i = c_i − mean of cell i, with its tridiagonal derivative.
  private struct CentroidCondition {
    private var value: [Double] = []
    private var lower: [Double] = []
    private var diagonal: [Double] = []
    private var upper: [Double] = []

    /// The largest distance of a centroid from the mean of its cell.
    var largest: Double { value.reduce(0) { max($0, abs($1)) } }

    init(_ law: some IntervalLaw, _ c: [Double]) {
      let edges = LloydMax.edges(of: c, law)
      for i in c.indices {
        let mass = law.integral(from: edges[i], to: edges[i + 1]) { _ in 1 }
        let mean = law.firstMoment(from: edges[i], to: edges[i + 1]) / mass
        value.append(c[i] - mean)
        // d mean / d edge = density · distance / mass; an edge moves half as far as a centroid.
        let left = i == 0 ? 0 : law.density(edges[i]) * (mean - edges[i]) / mass / 2
        let right =
          i == c.count - 1 ? 0 : law.density(edges[i + 1]) * (edges[i + 1] - mean) / mass / 2
        lower.append(-left)
        diagonal.append(1 - left - right)
        upper.append(-right)
      }
    }

    /// The solution of G′ · step = G (Thomas algorithm).
    func newtonStep() -> [Double] {
      var diagonal = diagonal
      var step = value
      for i in step.indices.dropFirst() {
        let factor = lower[i] / diagonal[i - 1]
        diagonal[i] -= factor * upper[i - 1]
        step[i] -= factor * step[i - 1]
      }
      for i in step.indices.reversed() {
        if i + 1 < step.count { step[i] -= upper[i] * step[i + 1] }
        step[i] /= diagonal[i]
      }
      return step
    }
  }
}
