// Embedded Swift has no Codable, which alone needs this.
#if !hasFeature(Embedded)
  /// Bytes as text, three bytes in four characters (RFC 4648, section 4, with padding).
  enum Base64 {
    private static let alphabet = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
    /// The six bits of each character, `none` for all others.
    private static let bits: [UInt8] = {
      var bits = [UInt8](repeating: none, count: 256)
      for (value, character) in alphabet.enumerated() { bits[Int(character)] = UInt8(value) }
      return bits
    }()
    private static let none: UInt8 = 0xFF

    /// The text of `bytes`.
    static func text(_ bytes: [UInt8]) -> String {
      let alphabet = alphabet
      var text: [UInt8] = []
      text.reserveCapacity((bytes.count + 2) / 3 * 4)
      for start in stride(from: 0, to: bytes.count, by: 3) {
        let count = min(3, bytes.count - start)
        var word = 0
        for i in 0..<3 { word = word << 8 | (i < count ? Int(bytes[start + i]) : 0) }
        for i in 0..<4 {
          text.append(i <= count ? alphabet[word >> (18 - 6 * i) & 63] : padding)
        }
      }
      return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of `text`, nil unless ``text(_:)`` writes it.
    static func bytes(_ text: String) -> [UInt8]? {
      let (text, bits) = (Array(text.utf8), bits)
      guard text.count % 4 == 0 else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(text.count / 4 * 3)
      for start in stride(from: 0, to: text.count, by: 4) {
        let isLast = start + 4 == text.count
        var count = 3
        if isLast, text[start + 3] == padding { count = text[start + 2] == padding ? 1 : 2 }
        var word = 0
        for i in 0..<4 {
          let value = i <= count ? bits[Int(text[start + i])] : 0
          guard value != none else { return nil }
          word = word << 6 | Int(value)
        }
        // Bits beyond the last byte are zero.
        guard word & (1 << (8 * (3 - count)) - 1) == 0 else { return nil }
        for i in 0..<count { bytes.append(UInt8(truncatingIfNeeded: word >> (16 - 8 * i))) }
      }
      return bytes
    }
  }
#endif
