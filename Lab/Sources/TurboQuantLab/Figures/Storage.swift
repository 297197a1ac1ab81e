import TurboQuant

/// Figure 9: the bytes per vector, by scheme.
///
/// Controls: dimension, bits, number of vectors that share what is stored once. For the codec's schemes,
/// rows are encoded and taken apart by their layout, and formulas stand beside them. For rival schemes,
/// which are not implemented here, there are only formulas.
enum Storage {
  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let d = setting.integer(0, in: 4...4096)
    let bits = setting.integer(1, in: 2...8)
    let count = setting[2]
    let names = [
      "TurboQuant", "TurboQuant in two stages", "QJL", "PolarQuant", "product quantization",
      "group-wise int\(bits)",
    ]
    let formulas = formulas(dimension: d, bits: bits)
    let rows = [
      try encoded(d, bits, .scalar, setting), try encoded(d, bits, .twoStage(), setting),
      try encoded(d, bits, .qjl(), setting), try encoded(d, bits, polar(bits), setting),
    ]
    var report = Report()
    let drawn = rows + formulas.dropFirst(rows.count)
    report.plot("codes", drawn.map { $0.codes })
    report.plot("signs", drawn.map { $0.signs })
    report.plot("scalars", drawn.map { $0.scalars })
    report.plot("shared", drawn.map { $0.shared / count })
    report.plot("regenerated", formulas.map { $0.regenerated / count })
    report.plot("polarBits", [8 * formulas[3].row / Double(d)])
    for (i, name) in names.enumerated() {
      report.compare(
        "bytes of a row, \(name)", predicted: formulas[i].row,
        measured: i < rows.count ? rows[i].row : nil)
    }
    report.compare(
      "bytes of codebooks, product quantization", predicted: formulas[4].shared, measured: nil)
    report.compare(
      "regenerated from the seed: bytes of a Haar rotation", predicted: formulas[0].regenerated,
      measured: nil)
    report.compare(
      "… as many as rows of TurboQuant", predicted: formulas[0].regenerated / formulas[0].row,
      measured: nil)
    return report
  }

  /// Bytes of one stored vector, and of the data that all vectors share.
  private struct Cost {
    var codes = 0.0
    var signs = 0.0
    var scalars = 0.0
    var shared = 0.0
    /// Matrices of float32 that are regenerated from the seed; without a seed they would be stored.
    var regenerated = 0.0

    var row: Double { codes + signs + scalars }
  }

  /// The row that the codec writes for a vector.
  private static func encoded(
    _ d: Int, _ bits: Int, _ quantizer: Quantizer, _ setting: Setting
  ) throws(CodecError) -> Cost {
    let codec = try Codec(
      dimension: d, rate: .bits(bits), quantizer: quantizer, seed: setting.seed)
    let row = try codec.encode(Draws.spike(dimension: d).span)[0]
    let (codes, signs) = (codec.layout.codes.count, codec.layout.signs.count)
    return Cost(
      codes: Double(codes), signs: Double(signs),
      scalars: Double(row.bytes.count - codes - signs))
  }

  /// Angles of b bits, then three levels of b − 2 bits each, but at least 1.
  private static func polar(_ bits: Int) -> Quantizer {
    .polar(bits: [bits] + [Int](repeating: max(1, bits - 2), count: 3))
  }

  /// The same schemes by formula, then their rivals, with whole bytes and float32 norms.
  private static func formulas(dimension d: Int, bits b: Int) -> [Cost] {
    func bytes(_ bits: Int) -> Double { Double((bits + 7) / 8) }
    let matrix = 4 * Double(d * d)
    return [
      Cost(codes: bytes(d * b), scalars: 8, regenerated: matrix),
      // A rotation, and one direction per coordinate.
      Cost(codes: bytes(d * (b - 1)), signs: bytes(d), scalars: 12, regenerated: 2 * matrix),
      Cost(signs: bytes(d * b), scalars: 4, regenerated: Double(b) * matrix),
      // Per 16 coordinates, 8 + 4 + 2 + 1 angles and a float16 radius; per vector, a norm.
      Cost(
        codes: bytes(d * (8 * b + 7 * max(1, b - 2)) / 16), scalars: bytes(d) + 4,
        regenerated: matrix),
      // 8 bits per 8/b coordinates; 256 centroids of float32, trained on the data.
      Cost(codes: bytes(d * b), shared: 256 * 4 * Double(d)),
      // A float16 scale and a float16 zero per 32 coordinates.
      Cost(codes: bytes(d * b), scalars: bytes(d / 32 * 32)),
    ]
  }
}
