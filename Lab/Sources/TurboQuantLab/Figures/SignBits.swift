import TurboQuant
import TurboQuantKernels

/// Figure 8: the error of an estimate against the number of sign bits it is made of.
///
/// Controls: cosine of the two vectors, directions drawn in all.
enum SignBits {
  private static let bits = (2...12).map { 1 << $0 }
  private static let dimension = 4

  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let cosine = setting[0]
    let total = setting.integer(1, in: 4096...1 << 21)
    var errors = bits.map { GroupError(bits: $0, cosine: cosine) }
    let (r, q) = (
      Draws.spike(dimension: dimension), Draws.atCosine(cosine, dimension: dimension)
    )
    let block = 4096
    for seed in Draws.seeds(total / block, figure: 8, of: setting) {
      let sketch = try ResidualSketch(
        dimension: dimension, directions: block, kind: .gaussian, seed: seed)
      let (signs, projections) = (try sketch.signs(of: r.span), try sketch.project(q.span))
      for i in 0..<block {
        let product = Double(signs.bit(i) ? projections[i] : -projections[i])
        for place in errors.indices { errors[place].add(product) }
      }
    }
    let roots = errors.map { squareRoot($0.squares.mean) }
    let one = Double.pi / 2 - cosine * cosine
    var report = Report()
    report.plot("bits", bits.map { Double($0) })
    report.plot("predicted", bits.map { squareRoot(one / Double($0)) })
    report.plot("measured", roots)
    for place in [4, 6] {
      report.compare(
        "error with \(bits[place]) sign bits", predicted: squareRoot(one / Double(bits[place])),
        measured: roots[place],
        standardError: errors[place].squares.standardError / (2 * roots[place]))
    }
    report.compare("slope of the line through the dots", predicted: -0.5, measured: slope(roots))
    return report
  }

  /// The slope of the least squares line of log error on log bits.
  private static func slope(_ roots: [Double]) -> Double {
    let x = bits.map { Portable.log(Double($0)) }
    let y = roots.map { Portable.log($0) }
    let (meanX, meanY) = (mean(x), mean(y))
    let (products, squares) = zip(x, y).reduce((0.0, 0.0)) { sums, pair in
      let step = pair.0 - meanX
      return (sums.0 + step * (pair.1 - meanY), sums.1 + step * step)
    }
    return products / squares
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  /// Squared errors of estimates of so many sign products each.
  private struct GroupError {
    let bits: Int
    let cosine: Double
    private(set) var squares = Moments()
    private var (sum, terms) = (0.0, 0)

    init(bits: Int, cosine: Double) {
      self.bits = bits
      self.cosine = cosine
    }

    mutating func add(_ product: Double) {
      sum += product
      terms += 1
      guard terms == bits else { return }
      let error = squareRoot(Double.pi / 2) * sum / Double(bits) - cosine
      squares.add(error * error)
      (sum, terms) = (0, 0)
    }
  }
}
