import TurboQuant

/// Figure 4: angles between pairs of random directions.
///
/// Controls: dimension, directions. Each direction is R e₀ of another rotation of the codec. All pairs of
/// directions are measured. Their cosines are pairwise independent, which is all that a standard error
/// needs.
enum Angles {
  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let d = setting.integer(0, in: 2...4096)
    let count = setting.integer(1, in: 2...1000)
    let spike = Draws.spike(dimension: d)
    var directions: [[Float]] = []
    var cells = Cells(degrees: d > 64 ? 1 : 3)
    var (size, near) = (Moments(), Share())
    for seed in Draws.seeds(count, figure: 4, of: setting) {
      let direction = try Rotation(dimension: d, seed: seed).apply(to: spike.span)
      for other in directions {
        let cosine = zip(direction, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        cells.add(cosine)
        size.add(abs(cosine))
        near.add(abs(cosine) <= nearly)
      }
      directions.append(direction)
    }
    let exact = density(dimension: d)
    var report = Report()
    report.plot("angle", cells.centres)
    report.plot("measured", cells.shares.map { $0.value / cells.degrees })
    report.plot("measuredError", cells.shares.map { $0.standardError / cells.degrees })
    report.plot("predictedAngle", exact.x)
    report.plot("predicted", exact.y)
    report.compare(
      "share within 5° of a right angle",
      predicted: Chances(.sphere(dimension: d)).between(-nearly, nearly),
      measured: near.value, standardError: near.standardError)
    report.compare(
      "typical cosine, E |cos θ|", predicted: Portable.meanAbsoluteCoordinate(dimension: d),
      measured: size.mean, standardError: size.standardError)
    return report
  }

  private static let nearly = Portable.cosineAndSine(85 / 180 * Double.pi).0

  /// The density of the angle per degree; per radian it is (d−1)/2 · E |cos θ| · sin^(d−2) θ.
  private static func density(dimension d: Int) -> Curve {
    let top = Double(d - 1) / 2 * Portable.meanAbsoluteCoordinate(dimension: d) * Double.pi / 180
    let angles = (1..<720).map { Double($0) / 4 }
    return Curve(
      x: angles,
      y: angles.map { angle in
        let sine = Portable.cosineAndSine(angle / 180 * Double.pi).1
        let exponent = Double(d - 2) * Portable.log(sine)
        return exponent < -700 ? 0 : top * Portable.exp(exponent)
      })
  }

  /// Counts of angles in cells of `degrees` degrees.
  private struct Cells {
    let degrees: Double
    /// The cosines at which all cells but the first begin; they fall as angles rise.
    private let cosines: [Double]
    private var counts: [Int]
    private var total = 0

    init(degrees: Double) {
      self.degrees = degrees
      let count = Int(180 / degrees)
      cosines = (1..<count).map {
        Portable.cosineAndSine(Double($0) * degrees / 180 * Double.pi).0
      }
      counts = [Int](repeating: 0, count: count)
    }

    mutating func add(_ cosine: Double) {
      counts[cosines.firstIndex { cosine >= $0 } ?? cosines.count] += 1
      total += 1
    }

    var centres: [Double] { counts.indices.map { (Double($0) + 0.5) * degrees } }

    var shares: [Share] { counts.map { Share(hits: $0, trials: total) } }
  }
}
