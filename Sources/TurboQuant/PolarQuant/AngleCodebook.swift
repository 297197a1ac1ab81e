/// A codebook of angles: 2ᵇ centroids on the circle or a part of it, and the boundaries between them.
///
/// It is the Lloyd–Max quantizer of the angle's law, solved like a ``Codebook``. On the circle the
/// law is uniform and the solution is a grid. Angles are rounded to float32 once, and the
/// boundaries are midpoints of the rounded centroids. Codes are found from cosines and sines,
/// without an arc tangent.
public struct AngleCodebook: Sendable {
  /// The law that the codebook is optimal for.
  public let law: AngleLaw
  /// Bits of a code, 1 … 8.
  public let bits: Int
  /// The 2ᵇ centroids in radians, ascending.
  public let centroids: [Float]
  /// The 2ᵇ − 1 decision boundaries in radians, ascending; on the circle 0 is one more boundary.
  public let boundaries: [Float]
  /// How far ψ and ψ̂ agree, on average.
  let agreement: Agreement
  /// The centroids as points of the unit circle.
  let points: [Point]
  private let boundaryPoints: [Point]

  /// Averages of the products C = cos ψ · cos ψ̂ and S = sin ψ · sin ψ̂; C + S = cos(ψ − ψ̂).
  struct Agreement: Sendable {
    var cosines = 0.0
    var sines = 0.0
    var cosineSquares = 0.0
    var sineSquares = 0.0
    /// E(C · S).
    var both = 0.0
  }

  /// A point of the unit circle.
  struct Point: Sendable {
    let cosine: Float
    let sine: Float

    init(_ angle: Float) {
      let (cosine, sine) = Portable.cosineAndSine(Double(angle))
      self.cosine = Float(cosine)
      self.sine = Float(sine)
    }
  }

  /// Solves the codebook of `bits` bits for `law`.
  ///
  /// - Precondition: `bits` is in 1 … 8.
  /// - Complexity: O(2ᵇ) quadratures, some milliseconds at 8 bits.
  public init(law: AngleLaw, bits: Int) {
    precondition((1...8).contains(bits), "a codebook has 1 … 8 bits, not \(bits)")
    self.law = law
    self.bits = bits
    let count = 1 << bits
    let exact: [Double]
    switch law.support {
    case .circle:
      exact = (0..<count).map { (Double($0) + 0.5) / Double(count) * (2 * Double.pi) }
    case .halfCircle:
      let positive = LloydMax.centroids(of: law, count: count / 2)
      exact = positive.reversed().map { -$0 } + positive
    case .quarterCircle:
      exact = LloydMax.centroids(of: law, count: count)
    }
    agreement = Self.agreement(law, exact)
    centroids = exact.map { Float($0) }
    boundaries = zip(centroids, centroids.dropFirst()).map { ($0 + $1) * 0.5 }
    points = centroids.map { Point($0) }
    boundaryPoints = boundaries.map { Point($0) }
  }

  private static func agreement(_ law: AngleLaw, _ centroids: [Double]) -> Agreement {
    guard law.support != .circle else {
      // Cells have the half-width h around their centroids, so E cos(ψ − ψ̂) = sin h / h and E
      // cos² = ½ + sin 2h / 4h. Both halves are coordinates, which keep all of their length, so the
      // split between C and S does not matter.
      let half = Double.pi / Double(centroids.count)
      let first = Portable.cosineAndSine(half).1 / half / 2
      let second = (0.5 + Portable.cosineAndSine(2 * half).1 / (4 * half)) / 4
      return Agreement(
        cosines: first, sines: first, cosineSquares: second, sineSquares: second, both: second)
    }
    let positive = centroids.filter { $0 > 0 }
    let edges = LloydMax.edges(of: positive, law)
    let mass = law.integral(from: law.lowerEnd, to: law.upperEnd) { _ in 1 }
    var sum = Agreement()
    for (i, centroid) in positive.enumerated() {
      let (c, s) = Portable.cosineAndSine(centroid)
      func mean(_ g: ((Double, Double)) -> Double) -> Double {
        law.integral(from: edges[i], to: edges[i + 1]) { g(Portable.cosineAndSine($0)) } / mass
      }
      sum.cosines += c * mean { $0.0 }
      sum.sines += s * mean { $0.1 }
      sum.cosineSquares += c * c * mean { $0.0 * $0.0 }
      sum.sineSquares += s * s * mean { $0.1 * $0.1 }
      sum.both += c * s * mean { $0.0 * $0.1 }
    }
    return sum
  }

  /// The code of the angle of (`x`, `y`): the number of boundaries at or below it.
  func code(x: Float, y: Float) -> Int {
    guard law.support == .circle else { return count(x, y, boundaryPoints.indices) }
    // An angle and a boundary are compared within half a turn. The lower half is the upper half turned by π.
    let half = 1 << (bits - 1)
    let isUpper = y > 0 || (y == 0 && x >= 0)
    let upper = 0..<half - 1
    return isUpper ? count(x, y, upper) : half + count(-x, -y, upper)
  }

  /// The number of boundaries β, among those of the range `some`, that have sin(ψ − β) ≥ 0.
  ///
  /// The range is halved until few boundaries are left; comparing with those needs no branches.
  private func count(_ x: Float, _ y: Float, _ some: Range<Int>) -> Int {
    let points = boundaryPoints.span
    var (low, high) = (some.lowerBound, some.upperBound)
    while high - low > 8 {
      let middle = (low + high) / 2
      let isAbove = y * points[middle].cosine >= x * points[middle].sine
      (low, high) = isAbove ? (middle + 1, high) : (low, middle)
    }
    var count = low
    for i in low..<high { count += y * points[i].cosine >= x * points[i].sine ? 1 : 0 }
    return count
  }
}
