// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  /// An object with the codec's fingerprint, the bytes of a row, and all rows as base64.
  ///
  /// An array of numbers would take three to four characters per byte in JSON, and one value at a
  /// time; base64 takes 1⅓, and every language reads it. The codec is not part of the object: a codec
  /// refuses codes with another fingerprint, whether they were just encoded or read.
  extension CodeMatrix: Codable {
    private enum Key: String, CodingKey {
      case fingerprint, bytesPerVector, rows
    }

    /// Reads stored rows.
    ///
    /// - Throws: `DecodingError` when the rows are not base64, or not a whole number of rows.
    public init(from decoder: any Decoder) throws {
      let object = try decoder.container(keyedBy: Key.self)
      fingerprint = try object.decode(Fingerprint.self, forKey: .fingerprint)
      bytesPerVector = try object.decode(Int.self, forKey: .bytesPerVector)
      guard let bytes = Base64.bytes(try object.decode(String.self, forKey: .rows)) else {
        throw DecodingError.dataCorruptedError(
          forKey: .rows, in: object, debugDescription: "the rows are not base64 with padding")
      }
      guard bytesPerVector > 0, bytes.count % bytesPerVector == 0 else {
        throw DecodingError.dataCorruptedError(
          forKey: .bytesPerVector, in: object,
          debugDescription:
            "\(bytes.count) bytes are not a whole number of rows of \(bytesPerVector) bytes")
      }
      self.bytes = bytes
    }

    /// Writes stored rows.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
      var object = encoder.container(keyedBy: Key.self)
      try object.encode(fingerprint, forKey: .fingerprint)
      try object.encode(bytesPerVector, forKey: .bytesPerVector)
      try object.encode(Base64.text(bytes), forKey: .rows)
    }
  }
#endif
