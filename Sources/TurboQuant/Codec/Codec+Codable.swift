// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  /// An object with the parameters that make the codec, and the fingerprint that they led to.
  ///
  /// The fingerprint makes sure that what is read is the codec that was written: if a parameter was
  /// changed, or lost digits as a large seed does in JavaScript, reading fails. ``record`` has the
  /// same content as bytes.
  extension Codec: Codable {
    private enum Key: String, CodingKey {
      case dimension, rate, quantizer, normalization, rotation, seed, fingerprint
    }

    /// Reads the parameters, builds the codec, and compares fingerprints.
    ///
    /// Rotation and sketch are drawn when the first vector needs them.
    ///
    /// - Throws: `DecodingError` for impossible parameters, or when they lead to another fingerprint.
    public init(from decoder: any Decoder) throws {
      let object = try decoder.container(keyedBy: Key.self)
      let dimension = try object.decode(Int.self, forKey: .dimension)
      let rate = try object.decode(Rate.self, forKey: .rate)
      let quantizer = try object.decode(Quantizer.self, forKey: .quantizer)
      let normalization = try object.decode(Normalization.self, forKey: .normalization)
      let rotation = try object.decode(RotationKind.self, forKey: .rotation)
      let seed = try object.decode(UInt64.self, forKey: .seed)
      let expected = try object.decode(Fingerprint.self, forKey: .fingerprint)
      self = try decoder.refusing { () throws(CodecError) in
        try Codec(
          dimension: dimension, rate: rate, quantizer: quantizer, rotation: rotation,
          normalization: normalization, seed: seed, isDrawn: false)
      }
      guard fingerprint == expected else {
        throw DecodingError.dataCorruptedError(
          forKey: .fingerprint, in: object,
          debugDescription: "these parameters make the codec \(fingerprint), not \(expected): "
            + "one was changed, or another version wrote them")
      }
    }

    /// Writes the parameters and the fingerprint.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
      var object = encoder.container(keyedBy: Key.self)
      try object.encode(dimension, forKey: .dimension)
      try object.encode(rate, forKey: .rate)
      try object.encode(quantizer, forKey: .quantizer)
      try object.encode(normalization, forKey: .normalization)
      try object.encode(rotation.kind, forKey: .rotation)
      try object.encode(seed, forKey: .seed)
      try object.encode(fingerprint, forKey: .fingerprint)
    }
  }
#endif
