import TurboQuant
import TurboQuantKernels

/// Figure 4: angles between pairs of random directions.
///
/// Controls: dimension, pairs.
enum Angles {
  static func report(_ setting: Setting) -> Report {
    let d = setting.integer(0, in: 2...4096)
    let count = setting.integer(1, in: 2...100_000)
    let law = CoordinateLaw.sphere(dimension: d)
    var stream = Draws.vectors(figure: 4, of: setting)
    var counts = [Int](repeating: 0, count: degrees.count - 1)
    var (size, near) = (Moments(), Moments())
    for _ in 0..<count {
      let cosine = cosine(dimension: d, from: &stream)
      // Cosines fall as angles rise.
      let cell = cosines.dropFirst().dropLast().reduce(0) { $0 + (cosine < $1 ? 1 : 0) }
      counts[cell] += 1
      size.add(abs(cosine))
      near.add(abs(cosine) <= nearly ? 1 : 0)
    }
    var report = Report()
    report.plot("angle", zip(degrees, degrees.dropFirst()).map { ($0 + $1) / 2 })
    report.plot("measured", counts.map { Double($0) / Double(count) })
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

  /// The cosine of two independent directions, each that of a normal vector.
  private static func cosine(dimension: Int, from stream: inout RandomStream) -> Double {
    var (product, first, second) = (0.0, 0.0, 0.0)
    for _ in 0..<dimension {
      let (x, y) = (stream.nextNormal(), stream.nextNormal())
      product += x * y
      first += x * x
      second += y * y
    }
    return product / squareRoot(first * second)
  }
}
