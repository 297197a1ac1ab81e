// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  /// An object with the quantizer's name and its parameters.
  ///
  /// ```json
  /// {"kind": "two-stage", "sketch": "orthogonal", "directions": 384}
  /// ```
  ///
  /// The kinds are those of ``name``: `scalar`, `two-stage`, `qjl` and `polar`. A parameter that is
  /// missing has its default. A parameter of another kind is refused, because it would have no effect.
  extension Quantizer: Codable {
    private enum Key: String, CodingKey, CaseIterable {
      case kind, sketch, directions, bits
    }

    /// Reads the kind and its parameters.
    ///
    /// - Throws: `DecodingError` for an unknown kind, a parameter of another kind, or a value that no
    ///   codec accepts.
    public init(from decoder: any Decoder) throws {
      let object = try decoder.container(keyedBy: Key.self)
      let kind = try object.decode(String.self, forKey: .kind)
      let sketch = try object.decodeIfPresent(SketchKind.self, forKey: .sketch)
      let directions = try object.decodeIfPresent(Int.self, forKey: .directions)
      let bits = try object.decodeIfPresent([Int].self, forKey: .bits)
      guard
        let quantizer = Quantizer(
          name: kind, sketch: sketch ?? .structured, directions: directions, polarBits: bits)
      else {
        let names = Quantizer.names.map { "“\($0)”" }.joined(separator: ", ")
        throw DecodingError.dataCorruptedError(
          forKey: .kind, in: object,
          debugDescription: "“\(kind)” is no quantizer, expected one of \(names)")
      }
      for key in object.allKeys where !quantizer.keys.contains(key) {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: object, debugDescription: "a \(kind) quantizer has no \(key.rawValue)")
      }
      try decoder.refusing { () throws(CodecError) in
        if let directions { try CodecError.check(directions: directions) }
        if let bits { try CodecError.check(polarBits: bits) }
      }
      self = quantizer
    }

    /// Writes the kind and its parameters; those with their default value nil are left out.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
      var object = encoder.container(keyedBy: Key.self)
      try object.encode(name, forKey: .kind)
      switch self {
      case .scalar: break
      case .twoStage(let sketch, let directions), .qjl(let sketch, let directions):
        try object.encode(sketch, forKey: .sketch)
        try object.encodeIfPresent(directions, forKey: .directions)
      case .polar(let bits):
        try object.encodeIfPresent(bits, forKey: .bits)
      }
    }

    private var keys: [Key] {
      switch self {
      case .scalar: [.kind]
      case .twoStage, .qjl: [.kind, .sketch, .directions]
      case .polar: [.kind, .bits]
      }
    }
  }
#endif
