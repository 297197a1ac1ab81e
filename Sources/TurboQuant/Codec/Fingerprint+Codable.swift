// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  extension Fingerprint: Codable {
    /// Reads 64 hexadecimal digits.
    ///
    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
      let text = try decoder.singleValueContainer().decode(String.self)
      guard let fingerprint = Fingerprint(text) else {
        throw decoder.refusal("“\(text)” is no fingerprint, expected 64 hexadecimal digits")
      }
      self = fingerprint
    }

    /// Writes 64 hexadecimal digits.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(description)
    }
  }
#endif
