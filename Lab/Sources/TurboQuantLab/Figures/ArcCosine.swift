import TurboQuant
import TurboQuantKernels

/// Figure 7: how often the signs of two vectors' projections differ, by the vectors' angle.
///
/// Controls: angle in degrees, directions, ``SketchKind`` by its number.
enum ArcCosine {
  /// Every angle that the slider offers.
  private static let angles = (0...36).map { 5 * Double($0) }

  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let count = setting.integer(1, in: 16...1 << 16)
    guard let kind = SketchKind(rawValue: UInt8(setting.integer(2, in: 1...3))) else {
      preconditionFailure("no such sketch")
    }
    var report = Report()
    var shares: [Double] = []
    let seeds = Draws.seeds(angles.count, figure: 7, of: setting)
    for (angle, seed) in zip(angles, seeds) {
      let pair = try SignPair(angle: angle, kind: kind, directions: count, seed: seed)
      shares.append(pair.differing)
      guard angle == setting[0] else { continue }
      let share = angle / 180
      report.compare(
        "share of signs that differ", predicted: share, measured: pair.differing,
        standardError: spread(share: share, of: count))
      report.compare(
        "estimate of ⟨r, q⟩ from signs", predicted: pair.cosine, measured: pair.estimate,
        standardError: pair.standardError)
    }
    report.plot("angle", angles)
    report.plot("measured", shares)
    report.plot("measuredError", angles.map { spread(share: $0 / 180, of: count) })
    report.plot("predicted", angles.map { $0 / 180 })
    report.plot("chosen", [setting[0]])
    return report
  }

  /// The standard error of a share of `count` independent signs.
  private static func spread(share: Double, of count: Int) -> Double {
    squareRoot(share * (1 - share) / Double(count))
  }
}

/// Two unit vectors at an angle, and the signs of their projections by one of the codec's sketches.
private struct SignPair {
  let cosine: Double
  /// The share of directions whose signs differ.
  let differing: Double
  /// The estimate of ⟨r, q⟩ from the signs of r and the projections of q.
  let estimate: Double
  let standardError: Double

  /// With Gaussian directions the dimension does not matter; structured ones mix all coordinates.
  private static func dimension(_ kind: SketchKind) -> Int { kind == .structured ? 384 : 16 }

  init(angle: Double, kind: SketchKind, directions: Int, seed: UInt64) throws(CodecError) {
    let d = Self.dimension(kind)
    cosine = Portable.cosineAndSine(angle / 180 * Double.pi).0
    let (r, q) = (Draws.spike(dimension: d), Draws.atCosine(cosine, dimension: d))
    let sketch = try ResidualSketch(dimension: d, directions: directions, kind: kind, seed: seed)
    let signs = (r: try sketch.signs(of: r.span), q: try sketch.signs(of: q.span))
    let differences = zip(signs.r, signs.q).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
    differing = Double(differences) / Double(directions)
    var sum = 0.0
    for (i, projection) in try sketch.project(q.span).enumerated() {
      sum += signs.r.bit(i) ? Double(projection) : -Double(projection)
    }
    estimate = sketch.scale * sum
    standardError = squareRoot(max(0, sketch.relativeVariance(atCosine: cosine)))
  }
}
