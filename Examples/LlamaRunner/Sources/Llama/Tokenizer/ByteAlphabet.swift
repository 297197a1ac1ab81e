/// The characters that stand for bytes in a byte-level vocabulary.
///
/// Printable bytes of Latin-1 stand for themselves. The other bytes are U+0100 and up, in order.
enum ByteAlphabet {
  /// The scalar of each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0...255).map { (byte: UInt8) in
      switch byte {
      case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: return Unicode.Scalar(byte)
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? Unicode.Scalar(byte)
      }
    }
  }()

  private static let byteOfScalar: [Unicode.Scalar: UInt8] = {
    Dictionary(uniqueKeysWithValues: scalars.enumerated().map { ($1, UInt8($0)) })
  }()

  /// The bytes that a token's text stands for; nil if a character stands for no byte.
  static func bytes(of token: ExactText) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in token.description.unicodeScalars {
      guard let byte = byteOfScalar[scalar] else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
