/// 32 bytes that identify all parameters of a codec, which decide what a stored byte means.
///
/// Files, indexes and caches refuse to mix codes whose fingerprints differ.
public struct Fingerprint: Sendable, Hashable {
  /// The number of bytes.
  static let byteCount = 32

  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Creates the fingerprint of 32 `bytes`.
  init(bytes: [UInt8]) { self.bytes = bytes }

  package init(of record: [UInt8]) { bytes = SHA256.digest(record) }
}

extension Fingerprint: LosslessStringConvertible {
  /// The fingerprint with this ``description``, or nil if that is not 64 hexadecimal digits.
  public init?(_ description: String) {
    let digits = description.utf8.compactMap(Self.value(ofDigit:))
    guard digits.count == 2 * Self.byteCount, description.utf8.count == digits.count else {
      return nil
    }
    bytes = (0..<Self.byteCount).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] }
  }

  /// The bytes as 64 hexadecimal digits.
  public var description: String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
