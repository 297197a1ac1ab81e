/// Where everything lies within a stored row, in bytes.
///
/// A row is its packed codes, then its sign bits, then its float32 scalars, without padding. Every
/// byte counts in ``bytesPerVector``; Documentation/FileFormat.md has the table.
public struct RowLayout: Sendable, Hashable {
  /// Packed codes of stage 1; empty for QJL.
  public let codes: Range<Int>
  /// Sign bits of the sketch; empty for the scalar quantizer.
  public let signs: Range<Int>
  /// Offset of the norm, nil under ``Normalization/unit``.
  public let norm: Int?
  /// Offset of the alignment ⟨û, ŷ⟩, nil for QJL.
  public let alignment: Int?
  /// Offset of the residual's norm, nil except in two stages.
  public let residualNorm: Int?
  /// The length of a row.
  public let bytesPerVector: Int

  /// The layout of a codec's rows, whether or not such a codec can be built.
  init(dimension: Int, rate: Rate, quantizer: Quantizer, normalization: Normalization) {
    let codeBytes: Int
    switch quantizer {
    case .scalar: codeBytes = ScalarQuantizer.byteCount(dimension: dimension, rate: rate)
    case .twoStage:
      codeBytes = ScalarQuantizer.byteCount(dimension: dimension, rate: rate.withoutSketchBit)
    case .qjl: codeBytes = 0
    }
    let directions = quantizer.directions(dimension: dimension, rate: rate)
    self.init(
      codeBytes: codeBytes, signBytes: (directions + 7) / 8, normalization: normalization)
  }

  private init(codeBytes: Int, signBytes: Int, normalization: Normalization) {
    codes = 0..<codeBytes
    signs = codeBytes..<codeBytes + signBytes
    var end = signs.upperBound
    func scalar(_ isPresent: Bool) -> Int? {
      guard isPresent else { return nil }
      defer { end += 4 }
      return end
    }
    norm = scalar(normalization == .norm)
    alignment = scalar(codeBytes > 0)
    residualNorm = scalar(codeBytes > 0 && signBytes > 0)
    bytesPerVector = end
  }
}
