internal import TurboQuantKernels

/// Stored rows of one codec, in row-major order: the form in which codes are passed and stored.
public struct CodeMatrix: Sendable {
  /// The codec's fingerprint.
  public let fingerprint: Fingerprint
  /// The byte offsets of the fields of a row.
  public let layout: RowLayout
  /// The rows, ``RowLayout/bytesPerVector`` bytes each.
  public let bytes: [UInt8]

  /// Creates a matrix of rows that `codec` wrote.
  ///
  /// The bytes do not identify their codec: rows of another codec are accepted if they have the
  /// same length, and decode to noise. Store ``Codec/fingerprint`` next to the bytes and compare it
  /// first; a `.tqv` file does this itself.
  ///
  /// - Throws: ``CodecError`` when `bytes` is not a whole number of rows.
  public init(bytes: [UInt8], of codec: Codec) throws(CodecError) {
    guard bytes.count % codec.bytesPerVector == 0 else {
      throw CodecError(
        .rowLengthMismatch(found: bytes.count, bytesPerVector: codec.bytesPerVector))
    }
    self.bytes = bytes
    fingerprint = codec.fingerprint
    layout = codec.layout
  }

  /// The number of rows.
  public var count: Int { bytes.count / layout.bytesPerVector }

  /// One stored row, which shares the matrix's memory.
  ///
  /// - Precondition: 0 ≤ `row` < ``count``.
  public subscript(row: Int) -> CodeRow {
    precondition(row >= 0 && row < count, "row \(row) of \(count)")
    let start = row * layout.bytesPerVector
    return CodeRow(
      fingerprint: fingerprint, bytes: bytes[start..<start + layout.bytesPerVector])
  }
}

/// One stored row of a ``CodeMatrix``.
public struct CodeRow: Sendable {
  /// The codec's fingerprint.
  public let fingerprint: Fingerprint
  /// The row's bytes.
  public let bytes: ArraySlice<UInt8>
}
