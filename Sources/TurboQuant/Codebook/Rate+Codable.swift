// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  extension Rate: Codable {
    /// The rates that a codec's record has room for, in half bits.
    private static let recorded = 0...Int(UInt8.max)

    /// Reads a number of bits, such as 4 or 2.5.
    ///
    /// - Throws: `DecodingError` for a number that is not a multiple of ½ in 0 … 127.5.
    public init(from decoder: any Decoder) throws {
      let bits = try decoder.singleValueContainer().decode(Double.self)
      // Int(exactly:) would call libm.
      guard bits >= 0, bits <= 127.5, 2 * bits == Double(Int(2 * bits)) else {
        throw decoder.refusal("\(bits) bits per coordinate, expected a multiple of ½ in 0 … 127.5")
      }
      self.init(halfBits: Int(2 * bits))
    }

    /// Writes the number of bits, such as 4 or 2.5.
    ///
    /// - Throws: `EncodingError` for a rate beyond 127.5 bits or below 0, which no codec has, and
    ///   what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
      guard Rate.recorded.contains(halfBits) else {
        throw EncodingError.invalidValue(
          self,
          EncodingError.Context(
            codingPath: encoder.codingPath,
            debugDescription: "\(self) bits per coordinate, expected 0 … 127.5"))
      }
      var container = encoder.singleValueContainer()
      try container.encode(bitsPerCoordinate)
    }
  }
#endif
