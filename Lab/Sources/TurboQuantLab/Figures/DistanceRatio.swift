import TurboQuant

/// Figure 5: projected distance to true distance, both squared.
///
/// Controls: directions k, tolerance ε, draws. The codec's Gaussian sketch projects the difference of
/// two points; the law of the ratio does not depend on how many coordinates they have.
enum DistanceRatio {
  private static let dimension = 8

  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let k = setting.integer(0, in: 2...2048)
    let epsilon = setting[1]
    let count = setting.integer(2, in: 2...100_000)
    var stream = Draws.vectors(figure: 5, of: setting)
    let difference = (0..<dimension).map { _ in Float(stream.nextNormal()) }
    let length = squaredDistance(difference, [Float](repeating: 0, count: dimension))
    var histogram = Histogram(from: 0, to: 2.5, cells: 100)
    var (ratio, failed) = (Moments(), Moments())
    // A sketch of many directions holds many draws of k.
    let group = max(1, 4096 / k)
    for seed in Draws.seeds((count + group - 1) / group, figure: 5, of: setting) {
      let sketch = try ResidualSketch(
        dimension: dimension, directions: group * k, kind: .gaussian, seed: seed)
      let projections = try sketch.project(difference.span)
      for start in stride(from: 0, to: group * k, by: k) {
        let square = projections[start..<start + k].reduce(0.0) { $0 + Double($1) * Double($1) }
        let value = square / Double(k) / length
        histogram.add(value)
        ratio.add(value)
        failed.add(abs(value - 1) >= epsilon ? 1 : 0)
      }
    }
    let law = ChiSquare(degrees: k)
    var report = Report()
    report.plot("ratio", histogram.centres)
    report.plot("measured", histogram.density)
    report.plot("predicted", histogram.centres.map { Double(k) * law.density(Double(k) * $0) })
    report.plot("tolerance", [1 - epsilon, 1 + epsilon])
    report.compare(
      "mean ratio", predicted: 1, measured: ratio.mean, standardError: ratio.standardError)
    report.compare(
      "P(off by ε or more)", predicted: law.tailBeyond(epsilon), measured: failed.mean,
      standardError: failed.standardError,
      bound: min(1, Theory.dasguptaGupta(k: k, epsilon: epsilon)))
    return report
  }
}
