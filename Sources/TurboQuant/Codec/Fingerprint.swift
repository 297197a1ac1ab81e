/// 32 bytes that identify all parameters of a codec, which decide what a stored byte means.
///
/// Files, indexes and caches refuse to mix codes whose fingerprints differ.
public struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  package init(of record: [UInt8]) { bytes = SHA256.digest(record) }

  /// The bytes as 64 hexadecimal digits.
  public var description: String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }
}
