internal import TurboQuantKernels

/// Stored rows of one codec, in row-major order: the form in which codes are passed and stored.
///
/// A matrix knows its codec's fingerprint, and a codec refuses the matrix of another codec. Rows
/// alone do not say which codec wrote them: those of another codec may have the same length, and
/// would decode to noise. So store ``serialized``, or ``bytes`` together with ``fingerprint``. A
/// `.tqv` file and `Codable` keep both.
///
/// ```swift
/// let blob = codes.serialized  // the codec's fingerprint, then the rows
/// let again = try CodeMatrix(serialized: blob, of: codec)
/// ```
public struct CodeMatrix: Sendable, Hashable {
  /// The codec's fingerprint.
  public let fingerprint: Fingerprint
  /// Bytes of one row; ``Codec/layout`` says what they hold.
  public let bytesPerVector: Int
  /// The rows, ``bytesPerVector`` bytes each.
  public let bytes: [UInt8]

  /// Creates a matrix of rows that were stored together with the fingerprint of their codec.
  ///
  /// - Throws: ``CodecError`` when `codec` has another fingerprint, or `bytes` is not a whole number
  ///   of rows.
  public init(
    bytes: [UInt8], fingerprint: Fingerprint, of codec: Codec
  ) throws(CodecError) {
    try codec.check(fingerprint)
    try self.init(unidentified: bytes, of: codec)
  }

  /// Creates a matrix from its ``serialized`` form.
  ///
  /// - Throws: ``CodecError`` when another codec wrote the rows, or they are not a whole number.
  public init(serialized: [UInt8], of codec: Codec) throws(CodecError) {
    let count = Fingerprint.byteCount
    guard serialized.count >= count else {
      throw CodecError(.fingerprintMissing(byteCount: serialized.count))
    }
    try codec.check(Fingerprint(bytes: Array(serialized[..<count])))
    try self.init(unidentified: Array(serialized[count...]), of: codec)
  }

  /// Creates a matrix of rows that nothing but the caller's word ascribes to `codec`.
  ///
  /// Rows of another codec are accepted if they have the same length, and decode to noise.
  ///
  /// - Throws: ``CodecError`` when `bytes` is not a whole number of rows.
  public init(unidentified bytes: [UInt8], of codec: Codec) throws(CodecError) {
    guard bytes.count % codec.bytesPerVector == 0 else {
      throw CodecError(
        .rowLengthMismatch(found: bytes.count, bytesPerVector: codec.bytesPerVector))
    }
    self.bytes = bytes
    fingerprint = codec.fingerprint
    bytesPerVector = codec.bytesPerVector
  }

  /// The 32 bytes of the codec's fingerprint, then the rows.
  ///
  /// - Complexity: O(n), for the copy of the rows.
  public var serialized: [UInt8] { fingerprint.bytes + bytes }

  /// The number of rows.
  public var count: Int { bytes.count / bytesPerVector }

  /// One stored row, which shares the matrix's memory.
  ///
  /// - Precondition: 0 ≤ `row` < ``count``.
  public subscript(row: Int) -> CodeRow {
    precondition(row >= 0 && row < count, "row \(row) of \(count)")
    let start = row * bytesPerVector
    return CodeRow(
      fingerprint: fingerprint, bytes: bytes[start..<start + bytesPerVector])
  }
}

/// One stored row of a ``CodeMatrix``.
public struct CodeRow: Sendable {
  /// The codec's fingerprint.
  public let fingerprint: Fingerprint
  /// The row's bytes.
  public let bytes: ArraySlice<UInt8>
}
