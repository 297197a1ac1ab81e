import TurboQuant
import TurboQuantKernels

/// Figure 2: the first coordinate of a spiky vector, before and after rotation.
///
/// Controls: ``Input``, ``RotationKind`` by its number, dimension, draws. Each draw has a new vector and
/// a new rotation.
enum SpikyCoordinate {
  static func report(_ setting: Setting, _ samples: Samples?) throws(CodecError) -> Report {
    guard let input = Input(rawValue: setting.integer(0, in: 0...3)),
      let kind = RotationKind(rawValue: UInt8(setting.integer(1, in: 1...2)))
    else { preconditionFailure("no such input or rotation") }
    let d = setting.integer(2, in: 2...2048)
    let count = setting.integer(3, in: 2...10_000)
    let scale = squareRoot(Double(d))
    var stream = Draws.vectors(figure: 2, of: setting)
    // The interval holds all but one in a million; the outermost cells count the rest.
    var before = Histogram(from: -5, to: 5, cells: 50)
    var after = before
    var (value, square, fourth) = (Moments(), Moments(), Moments())
    var (fourthBefore, pair) = (Moments(), Moments())
    for seed in Draws.seeds(count, figure: 2, of: setting) {
      let x = input.vector(dimension: d, from: &stream, samples)
      let y = try Rotation(dimension: d, kind: kind, seed: seed).apply(to: x.span)
      let (first, second) = (scale * Double(y[0]), scale * Double(y[1]))
      before.add(scale * Double(x[0]))
      after.add(first)
      value.add(first)
      square.add(first * first)
      fourth.add(fourthPower(first))
      pair.add(first * first * second * second)
      fourthBefore.add(Double(d) * x.reduce(0) { $0 + fourthPower(Double($1)) })
    }
    let (law, normal) = (Chances(.sphere(dimension: d)), Chances(.gaussian))
    let fit = (mean: value.mean, spread: value.deviation)
    let exact = after.law(parts: 4) { law.between($0 / scale, $1 / scale) }
    let fitted = after.law(parts: 4) {
      normal.between(($0 - fit.mean) / fit.spread, ($1 - fit.mean) / fit.spread)
    }
    var report = Report()
    report.plot("t", after.centres)
    report.plot("before", before.density)
    report.plot("beforeError", before.densityError)
    report.plot("after", after.density)
    report.plot("afterError", after.densityError)
    report.plot("lawT", exact.x)
    report.plot("exact", exact.y)
    report.plot("normal", fitted.y)
    report.compare(
      "mean of √d·t, rotated", predicted: 0, measured: fit.mean,
      standardError: value.standardError)
    report.compare(
      "mean of (√d·t)², rotated", predicted: 1, measured: square.mean,
      standardError: square.standardError)
    report.compare(
      "mean of (√d·t)⁴, rotated", predicted: 3 * Double(d) / Double(d + 2),
      measured: fourth.mean, standardError: fourth.standardError)
    report.compare(
      "mean of (√d·t)⁴, not rotated, over all coordinates",
      predicted: input.fourthMoment(dimension: d), measured: fourthBefore.mean,
      standardError: fourthBefore.standardError)
    report.compare(
      "mean of (√d·t₁)²·(√d·t₂)², rotated; 1 if independent",
      predicted: Double(d) / Double(d + 2), measured: pair.mean,
      standardError: pair.standardError)
    return report
  }
}

/// t⁴.
private func fourthPower(_ t: Double) -> Double { t * t * (t * t) }
