import TurboQuant

/// Figure 9: what a vector costs, in bytes, by scheme.
///
/// Controls: dimension, bits, vectors that share what is stored once. Rows of the codec are encoded
/// and taken apart by their layout; formulas stand beside them, and alone for rivals that are not here.
enum Storage {
  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let d = setting.integer(0, in: 4...4096)
    let bits = setting.integer(1, in: 2...8)
    let count = setting[2]
    let formulas = formulas(dimension: Double(d), bits: Double(bits))
    let rows = [
      try encoded(d, bits, .scalar, setting), try encoded(d, bits, .twoStage(), setting),
      try encoded(d, bits, .qjl(), setting),
    ]
    var report = Report()
    let drawn = rows + formulas.dropFirst(rows.count)
    report.plot("codes", drawn.map { $0.codes })
    report.plot("signs", drawn.map { $0.signs })
    report.plot("scalars", drawn.map { $0.scalars })
    report.plot("shared", drawn.map { $0.shared / count })
    for (i, name) in ["TurboQuant", "TurboQuant in two stages", "QJL"].enumerated() {
      report.compare(
        "bytes of a row, \(name)", predicted: formulas[i].row, measured: rows[i].row)
    }
    // Its blocks are of 16 coordinates.
    let polar = d < 16 ? nil : try encoded(d, 4, .polar(), setting).row
    for (i, name) in ["PolarQuant", "product quantization", "group-wise int4"].enumerated() {
      report.compare(
        "bytes of a row, \(name)", predicted: formulas[rows.count + i].row,
        measured: i == 0 ? polar : nil)
    }
    report.compare(
      "bytes of codebooks, product quantization", predicted: formulas[4].shared, measured: nil)
    report.compare(
      "regenerated from the seed: bytes of a Haar rotation", predicted: 4 * Double(d * d),
      measured: nil)
    return report
  }

  /// Bytes of one stored vector, and of what all vectors share.
  private struct Cost {
    var codes = 0.0
    var signs = 0.0
    var scalars = 0.0
    var shared = 0.0

    var row: Double { codes + signs + scalars }
  }

  /// The row that the codec writes of a vector.
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

  /// The same schemes by formula, then their rivals; whole bytes, float32 norms.
  private static func formulas(dimension d: Double, bits: Double) -> [Cost] {
    func bytes(_ bits: Double) -> Double { Double(Int((bits + 7) / 8)) }
    return [
      Cost(codes: bytes(d * bits), scalars: 8),
      Cost(codes: bytes(d * (bits - 1)), signs: bytes(d), scalars: 12),
      Cost(signs: bytes(d * bits), scalars: 4),
      // Angles of 4, 2, 2, 2 bits and a float16 radius for each 16 coordinates, and a norm.
      Cost(codes: bytes(d * 46 / 16), scalars: bytes(d) + 4),
      // 8 bits for each 8/b coordinates; 256 centroids of float32, trained on the data.
      Cost(codes: bytes(d * bits), shared: 256 * 4 * d),
      // A float16 scale and zero for each 32 coordinates.
      Cost(codes: bytes(d * 4), scalars: bytes(d / 32 * 32)),
    ]
  }
}
