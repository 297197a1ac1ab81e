import TurboQuant

/// Figure 4: angles between pairs of random directions.
///
/// Controls: dimension, directions. Each direction is R e₀ of another rotation of the codec. All pairs of
/// them are measured: their cosines are independent two by two, which is all a standard error asks for.
enum Angles {
  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let d = setting.integer(0, in: 2...4096)
    let count = setting.integer(1, in: 2...1000)
    let law = CoordinateLaw.sphere(dimension: d)
    let spike = Draws.spike(dimension: d)
    var directions: [[Float]] = []
    var counts = [Int](repeating: 0, count: degrees.count - 1)
    var (size, near) = (Moments(), Moments())
    for seed in Draws.seeds(count, figure: 4, of: setting) {
      let direction = try Rotation(dimension: d, seed: seed).apply(to: spike.span)
      for other in directions {
        let cosine = zip(direction, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        // Cosines fall as angles rise.
        let cell = cosines.dropFirst().dropLast().reduce(0) { $0 + (cosine < $1 ? 1 : 0) }
        counts[cell] += 1
        size.add(abs(cosine))
        near.add(abs(cosine) <= nearly ? 1 : 0)
      }
      directions.append(direction)
    }
    var report = Report()
    report.plot("angle", zip(degrees, degrees.dropFirst()).map { ($0 + $1) / 2 })
    report.plot("measured", counts.map { Double($0) / Double(size.count) })
    report.plot("predicted", zip(cosines, cosines.dropFirst()).map { law.chance(from: $1, to: $0) })
    report.compare(
      "share within 10° of a right angle", predicted: law.chance(from: -nearly, to: nearly),
      measured: near.mean, standardError: near.standardError)
    report.compare(
      "typical cosine, E |cos θ|", predicted: Portable.meanAbsoluteCoordinate(dimension: d),
      measured: size.mean, standardError: size.standardError)
    return report
  }

  /// Where the cells of the histogram begin and end.
  private static let degrees = (0...60).map { 3 * Double($0) }
  private static let cosines = degrees.map { Portable.cosineAndSine($0 / 180 * Double.pi).0 }
  private static let nearly = Portable.cosineAndSine(80 / 180 * Double.pi).0
}
