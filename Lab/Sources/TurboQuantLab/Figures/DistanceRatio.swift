import TurboQuant
import TurboQuantKernels
import TurboQuantTheory

/// Figure 5: the ratio of projected distance to true distance, both squared.
///
/// Controls: directions k, tolerance ε, draws. The codec's Gaussian sketch projects the difference of
/// two points. The law of the ratio does not depend on the points' dimension.
enum DistanceRatio {
  private static let dimension = 8

  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let k = setting.integer(0, in: 2...2048)
    let epsilon = setting[1]
    let count = setting.integer(2, in: 2...100_000)
    var stream = Draws.vectors(figure: 5, of: setting)
    let difference = (0..<dimension).map { _ in Float(stream.nextNormal()) }
    let length = squaredDistance(difference, [Float](repeating: 0, count: dimension))
    let law = ChiSquare(degrees: k)
    let end = reach(of: law)
    // Six cells per standard deviation, within limits that keep the figure readable.
    let width = min(0.1, max(0.0125, squareRoot(2 / Double(k)) / 6))
    var histogram = Histogram(from: 0, to: end, cells: Int(end / width))
    var ratio = Moments()
    var (tooShort, tooLong) = (Share(), Share())
    // A sketch with many directions gives many draws of k directions each.
    let group = min(count, max(1, 4096 / k))
    for seed in Draws.seeds((count + group - 1) / group, figure: 5, of: setting) {
      let sketch = try ResidualSketch(
        dimension: dimension, directions: group * k, kind: .gaussian, seed: seed)
      let projections = try sketch.project(difference.span)
      for start in stride(from: 0, to: min(group, count - ratio.count) * k, by: k) {
        let square = projections[start..<start + k].reduce(0.0) { $0 + Double($1) * Double($1) }
        let value = square / Double(k) / length
        histogram.add(value)
        ratio.add(value)
        tooShort.add(value <= 1 - epsilon)
        tooLong.add(value >= 1 + epsilon)
      }
    }
    // The density at the end of each small step; at 0 the density may be infinite or 0.
    let points = (1...400).map { Double($0) / 400 * end }
    var report = Report()
    report.plot("ratio", histogram.centres)
    report.plot("measured", histogram.density)
    report.plot("measuredError", histogram.densityError)
    report.plot("predictedRatio", points)
    report.plot("predicted", points.map { Double(k) * law.density(Double(k) * $0) })
    report.plot("tolerance", [1 - epsilon, 1 + epsilon])
    report.plot("end", [end])
    report.compare(
      "mean ratio", predicted: 1, measured: ratio.mean, standardError: ratio.standardError)
    report.compare(
      "P(too short: ratio ≤ 1 − ε)", predicted: law.lowerTail(Double(k) * (1 - epsilon)),
      measured: tooShort.value, standardError: tooShort.standardError)
    report.compare(
      "P(too long: ratio ≥ 1 + ε)", predicted: law.upperTail(Double(k) * (1 + epsilon)),
      measured: tooLong.value, standardError: tooLong.standardError)
    report.compare(
      "P(off by ε or more)", predicted: law.tailBeyond(epsilon),
      measured: tooShort.value + tooLong.value,
      standardError: Share.standardError(
        hits: Double(tooShort.hits + tooLong.hits), trials: Double(count)),
      bound: min(1, Theory.dasguptaGupta(k: k, epsilon: epsilon)))
    return report
  }

  /// The smallest multiple of a half, from 2 on, that at most one draw in 10,000 exceeds.
  private static func reach(of law: ChiSquare) -> Double {
    var end = 2.0
    while law.upperTail(Double(law.degrees) * end) > 1e-4 { end += 0.5 }
    return end
  }
}
