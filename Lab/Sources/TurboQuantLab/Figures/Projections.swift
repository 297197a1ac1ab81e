import TurboQuant

/// Figure 1: projections of a random unit vector on a fixed direction.
///
/// Controls: dimension, threshold in units of 1/√d, projections. The codec's rotation makes the
/// random vectors: every coordinate of R e₀ is a projection.
enum Projections {
  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let d = setting.integer(0, in: 2...2048)
    let count = setting.integer(2, in: 1...100_000)
    let law = CoordinateLaw.sphere(dimension: d)
    let t = min(1, setting[1] * law.scale)
    let spike = Draws.spike(dimension: d)
    var histogram = Histogram(from: -1, to: 1, cells: 81)
    var (beyond, size) = (Moments(), Moments())
    for seed in Draws.seeds((count + d - 1) / d, figure: 1, of: setting) {
      let y = try Rotation(dimension: d, seed: seed).apply(to: spike.span)
      var (far, sum) = (0, 0.0)
      for value in y {
        histogram.add(Double(value))
        far += abs(Double(value)) >= t ? 1 : 0
        sum += abs(Double(value))
      }
      beyond.add(Double(far) / Double(d))
      size.add(sum / Double(d))
    }
    var report = Report()
    report.plot("t", histogram.centres)
    report.plot("predicted", histogram.density { law.chance(from: $0, to: $1) })
    report.plot("measured", histogram.density)
    report.plot("spread", [-law.scale, law.scale])
    report.plot("threshold", [-t, t])
    report.compare(
      "P(|t| ≥ threshold)", predicted: law.tail(t), measured: beyond.mean,
      standardError: beyond.standardError,
      bound: min(1, 2 * Portable.exp(-Double(d) * t * t / 2)))
    report.compare(
      "typical size, E |t|", predicted: Portable.meanAbsoluteCoordinate(dimension: d),
      measured: size.mean, standardError: size.standardError)
    return report
  }
}
