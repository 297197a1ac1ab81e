import TurboQuant
import TurboQuantKernels

/// Figure 8: the error of an estimate by its number of sign bits.
///
/// Controls: cosine of the two vectors, total number of directions.
enum SignBits {
  private static let bits = (2...12).map { 1 << $0 }
  private static let dimension = 4
  /// Directions per sketch: the number that the longest estimate needs.
  private static let block = 4096

  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let cosine = setting[0]
    let total = setting.integer(1, in: 16 * block...1 << 21)
    var errors = bits.map { SquaredErrors(bits: $0, cosine: cosine) }
    let (r, q) = (
      Draws.spike(dimension: dimension), Draws.atCosine(cosine, dimension: dimension)
    )
    for seed in Draws.seeds(total / block, figure: 8, of: setting) {
      let sketch = try ResidualSketch(
        dimension: dimension, directions: block, kind: .gaussian, seed: seed)
      let (signs, projections) = (try sketch.signs(of: r.span), try sketch.project(q.span))
      let products = projections.indices.map {
        Double(signs.bit($0) ? projections[$0] : -projections[$0])
      }
      for place in errors.indices { errors[place].add(products) }
    }
    let predicted = bits.map { squareRoot(variance(bits: $0, cosine: cosine)) }
    var report = Report()
    report.plot("bits", bits.map { Double($0) })
    report.plot("predicted", predicted)
    report.plot("measured", errors.map { $0.root })
    report.plot("measuredError", errors.map { $0.rootError })
    for place in [4, 6, bits.count - 1] {
      report.compare(
        "error with \(bits[place]) sign bits", predicted: predicted[place],
        measured: errors[place].root, standardError: errors[place].rootError)
    }
    report.compare(
      "slope of the line through the dots", predicted: -0.5,
      measured: slope(errors.map { $0.root }), standardError: slopeError(errors))
    return report
  }

  /// The mean squared error of an estimate, by theory.
  private static func variance(bits: Int, cosine: Double) -> Double {
    (Double.pi / 2 - cosine * cosine) / Double(bits)
  }

  /// The least-squares slope of log error on log bits.
  ///
  /// Each dot is weighted by its number of estimates: the variance of a log error is the inverse of twice
  /// that number.
  private static func slope(_ roots: [Double]) -> Double {
    let x = bits.map { Portable.log(Double($0)) }
    let weights = bits.map { 1 / Double($0) }
    let mean = zip(weights, x).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    var (products, squares) = (0.0, 0.0)
    for (i, root) in roots.enumerated() {
      let step = weights[i] * (x[i] - mean)
      products += step * Portable.log(root)
      squares += step * (x[i] - mean)
    }
    return products / squares
  }

  /// The standard error of the slope, by the jackknife over sketches.
  ///
  /// All dots use the same directions, so their errors are correlated.
  private static func slopeError(_ errors: [SquaredErrors]) -> Double {
    let count = errors[0].sketches.count
    let slopes = (0..<count).map { left in slope(errors.map { $0.root(without: left) }) }
    let mean = slopes.reduce(0, +) / Double(count)
    let squares = slopes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return squareRoot(squares * Double(count - 1) / Double(count))
  }

  /// Squared errors of estimates from `bits` sign products each.
  private struct SquaredErrors {
    let bits: Int
    let cosine: Double
    private var squares = Moments()
    /// The mean squared error in each sketch.
    private(set) var sketches: [Double] = []

    init(bits: Int, cosine: Double) {
      self.bits = bits
      self.cosine = cosine
    }

    /// Adds the estimates from one sketch's products.
    mutating func add(_ products: [Double]) {
      var total = 0.0
      for start in stride(from: 0, to: products.count, by: bits) {
        let sum = products[start..<start + bits].reduce(0, +)
        let error = squareRoot(Double.pi / 2) * sum / Double(bits) - cosine
        squares.add(error * error)
        total += error * error
      }
      sketches.append(total / Double(products.count / bits))
    }

    /// The root mean square error.
    var root: Double { squareRoot(squares.mean) }

    /// The standard error of the root: the observed one or, if larger, that of squared normal numbers.
    ///
    /// The observed one may be too small, because a few squares may happen to be alike.
    var rootError: Double {
      let expected = squareRoot(SignBits.variance(bits: bits, cosine: cosine))
      return max(
        squares.standardError / (2 * root), expected / squareRoot(2 * Double(squares.count)))
    }

    /// The root mean square error in all sketches but one.
    func root(without left: Int) -> Double {
      let total = sketches.reduce(0, +) - sketches[left]
      return squareRoot(total / Double(sketches.count - 1))
    }
  }
}
