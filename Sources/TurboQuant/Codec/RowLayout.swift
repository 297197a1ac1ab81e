/// Where the fields of a stored row lie, in bytes.
///
/// A row holds its packed codes, its sign bits, its float16 radii and its float32 scalars, without
/// padding. ``bytesPerVector`` counts every byte; Documentation/FileFormat.md has the table.
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
  /// The length of a row in bytes.
  public let bytesPerVector: Int

  init(_ fields: RowFields, _ normalization: Normalization) {
    codes = 0..<fields.codeBytes
    signs = codes.upperBound..<codes.upperBound + fields.signBytes
    radii = signs.upperBound..<signs.upperBound + fields.radiusBytes
    var end = radii.upperBound
    func scalar(_ isPresent: Bool) -> Int? {
      guard isPresent else { return nil }
      defer { end += 4 }
      return end
    }
    norm = scalar(normalization == .norm)
    alignment = scalar(fields.hasAlignment)
    residualNorm = scalar(fields.hasResidualNorm)
    bytesPerVector = end
  }
}
