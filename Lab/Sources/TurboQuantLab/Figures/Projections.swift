import TurboQuant
import TurboQuantTheory

/// Figure 1: projections of a random unit vector on a fixed direction.
///
/// Controls: dimension, threshold in units of 1/√d, projections. The random vectors come from the
/// codec's rotation: every coordinate of R e₀ is a projection.
enum Projections {
  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let d = setting.integer(0, in: 2...2048)
    let count = setting.integer(2, in: 1000...100_000)
    let law = CoordinateLaw.sphere(dimension: d)
    let chances = Chances(law)
    let t = setting[1] * law.scale
    let spike = Draws.spike(dimension: d)
    // Cells at most a third as wide as the hill.
    var histogram = Histogram(from: -1, to: 1, cells: max(81, Int(6 / law.scale) | 1))
    var (beyond, size) = (Moments(), Moments())
    let taken = perRotation(dimension: d, of: count)
    for seed in Draws.seeds(count / taken, figure: 1, of: setting) {
      let y = try Rotation(dimension: d, seed: seed).apply(to: spike.span)
      var (far, sum) = (0, 0.0)
      for value in y.prefix(taken) {
        histogram.add(Double(value))
        far += abs(Double(value)) >= t ? 1 : 0
        sum += abs(Double(value))
      }
      beyond.add(Double(far) / Double(taken))
      size.add(sum / Double(taken))
    }
    let exact = histogram.law(parts: 3, chances.between)
    var report = Report()
    report.plot("t", histogram.centres)
    report.plot("measured", histogram.density)
    report.plot("measuredError", histogram.densityError)
    report.plot("predictedT", exact.x)
    report.plot("predicted", exact.y)
    report.plot("spread", [-law.scale, law.scale])
    report.plot("threshold", [-t, t])
    // The share beyond may be equal in all rotations, such as 0; then only the count gives an error.
    report.compare(
      "P(|t| ≥ threshold)", predicted: law.tail(t), measured: beyond.mean,
      standardError: max(
        beyond.standardError,
        Share.standardError(hits: beyond.mean * Double(count), trials: Double(count))),
      bound: min(1, 2 * Portable.exp(-Double(d) * t * t / 2)))
    report.compare(
      "typical size, E |t|", predicted: Portable.meanAbsoluteCoordinate(dimension: d),
      measured: size.mean, standardError: size.standardError)
    return report
  }

  /// The number of coordinates taken from each rotated vector, a divisor of `count`.
  ///
  /// It leaves at least 50 rotations, whose spread gives the standard errors.
  private static func perRotation(dimension: Int, of count: Int) -> Int {
    var taken = min(dimension, count / 50)
    while count % taken != 0 { taken -= 1 }
    return taken
  }
}
