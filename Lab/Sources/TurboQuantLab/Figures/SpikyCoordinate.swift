import TurboQuant
import TurboQuantKernels

/// Figure 2: the first coordinate of a spiky vector, before and after rotation.
///
/// Controls: ``Input``, ``RotationKind`` by its number, dimension, draws. Each draw is another vector
/// and another rotation.
enum SpikyCoordinate {
  static func report(_ setting: Setting, _ samples: Samples?) throws(CodecError) -> Report {
    guard let input = Input(rawValue: setting.integer(0, in: 0...3)),
      let kind = RotationKind(rawValue: UInt8(setting.integer(1, in: 1...2)))
    else { preconditionFailure("no such input or rotation") }
    let d = setting.integer(2, in: 2...2048)
    let count = setting.integer(3, in: 2...10_000)
    let scale = squareRoot(Double(d))
    var stream = Draws.vectors(figure: 2, of: setting)
    // The interval holds all but one in a million; the outermost cells hold the rest.
    var before = Histogram(from: -5, to: 5, cells: 50)
    var after = before
    var sample = (before: Sample(), after: Sample())
    for seed in Draws.seeds(count, figure: 2, of: setting) {
      let x = input.vector(dimension: d, from: &stream, samples)
      let y = try Rotation(dimension: d, kind: kind, seed: seed).apply(to: x.span)
      let (first, rotated) = (scale * Double(x[0]), scale * Double(y[0]))
      before.add(first)
      after.add(rotated)
      sample.before.add(first)
      sample.after.add(rotated)
    }
    let law = CoordinateLaw.sphere(dimension: d)
    let fit = (mean: sample.after.value.mean, spread: sample.after.spread)
    var report = Report()
    report.plot("t", after.centres)
    report.plot("before", before.density)
    report.plot("after", after.density)
    report.plot("exact", after.density { law.chance(from: $0 / scale, to: $1 / scale) })
    report.plot(
      "normal",
      after.density { low, high in
        CoordinateLaw.gaussian.chance(
          from: (low - fit.mean) / fit.spread, to: (high - fit.mean) / fit.spread)
      })
    report.compare(
      "mean of √d·t, rotated", predicted: 0, measured: fit.mean,
      standardError: sample.after.value.standardError)
    report.compare(
      "mean of (√d·t)², rotated", predicted: 1, measured: sample.after.square.mean,
      standardError: sample.after.square.standardError)
    report.compare(
      "mean of (√d·t)⁴, rotated", predicted: 3 * Double(d) / Double(d + 2),
      measured: sample.after.fourth.mean, standardError: sample.after.fourth.standardError)
    report.compare(
      "mean of (√d·t)⁴, not rotated", predicted: input.fourthMoment(dimension: d),
      measured: sample.before.fourth.mean, standardError: sample.before.fourth.standardError)
    return report
  }

  /// Moments of a number and of its powers.
  private struct Sample {
    private(set) var (value, square, fourth) = (Moments(), Moments(), Moments())

    mutating func add(_ t: Double) {
      value.add(t)
      square.add(t * t)
      fourth.add(t * t * t * t)
    }

    /// The standard deviation.
    var spread: Double { squareRoot(square.mean - value.mean * value.mean) }
  }
}
