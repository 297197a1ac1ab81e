internal import TurboQuantKernels

/// Stored rows of one codec, in row-major order: the form that codes travel in.
public struct CodeMatrix: Sendable {
  /// The codec's fingerprint.
  public let fingerprint: Fingerprint
  /// Where everything lies within a row.
  public let layout: RowLayout
  /// The rows, ``RowLayout/bytesPerVector`` bytes each.
  public let bytes: [UInt8]

  /// Takes rows that `codec` wrote.
  ///
  /// Nothing in the bytes says which codec that was: rows of another one, of the same length, are taken too,
  /// and decode to noise. Keep ``Codec/fingerprint`` beside bytes that you store, and compare it first; a `.tqv`
  /// file does so by itself.
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
