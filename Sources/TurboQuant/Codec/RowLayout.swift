/// Where everything lies within a stored row, in bytes.
///
/// A row is its packed codes, its sign bits, its float16 radii and its float32 scalars, without padding. Every
/// byte counts in ``bytesPerVector``; Documentation/FileFormat.md has the table.
public struct RowLayout: Sendable, Hashable {
  /// Packed codes of stage 1, or of polar angles; empty for QJL.
  public let codes: Range<Int>
  /// Sign bits of the sketch; empty without one.
  public let signs: Range<Int>
  /// Radii of polar blocks; empty for the other quantizers.
  public let radii: Range<Int>
  /// Offset of the norm, nil under ``Normalization/unit``.
  public let norm: Int?
  /// Offset of the alignment ⟨û, ŷ⟩, nil for QJL and PolarQuant.
  public let alignment: Int?
  /// Offset of the residual's norm, nil except in two stages.
  public let residualNorm: Int?
  /// The length of a row.
  public let bytesPerVector: Int

  /// The layout of a codec's rows, whether or not such a codec can be built.
  init(dimension: Int, rate: Rate, quantizer: Quantizer, normalization: Normalization) {
    var (codeBytes, radiusBytes) = (0, 0)
    switch quantizer {
    case .scalar: codeBytes = ScalarQuantizer.byteCount(dimension: dimension, rate: rate)
    case .twoStage:
      codeBytes = ScalarQuantizer.byteCount(dimension: dimension, rate: rate.withoutSketchBit)
    case .qjl: break
    case .polar:
      let bits = quantizer.polarBits(rate: rate) ?? []
      codeBytes = PolarQuantizer.byteCount(dimension: dimension, bits: bits)
      radiusBytes = 2 * PolarQuantizer.blockCount(dimension: dimension, bits: bits)
    }
    let directions = quantizer.directions(dimension: dimension, rate: rate)
    self.init(
      codeBytes: codeBytes, signBytes: (directions + 7) / 8, radiusBytes: radiusBytes,
      normalization: normalization)
  }

  private init(codeBytes: Int, signBytes: Int, radiusBytes: Int, normalization: Normalization) {
    codes = 0..<codeBytes
    signs = codeBytes..<codeBytes + signBytes
    radii = signs.upperBound..<signs.upperBound + radiusBytes
    var end = radii.upperBound
    func scalar(_ isPresent: Bool) -> Int? {
      guard isPresent else { return nil }
      defer { end += 4 }
      return end
    }
    norm = scalar(normalization == .norm)
    alignment = scalar(codeBytes > 0 && radiusBytes == 0)
    residualNorm = scalar(codeBytes > 0 && signBytes > 0)
    bytesPerVector = end
  }
}
