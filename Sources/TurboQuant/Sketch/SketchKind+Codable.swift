// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  extension SketchKind: Codable {
    /// Reads the name of a kind of sketch.
    ///
    /// - Throws: `DecodingError` for any other name.
    public init(from decoder: any Decoder) throws {
      self = try decoder.named("kind of sketch", \.name)
    }

    /// Writes the name of the kind of sketch: “gaussian”, “orthogonal” or “structured”.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws { try encoder.write(name) }

    private var name: String {
      switch self {
      case .gaussian: "gaussian"
      case .orthogonal: "orthogonal"
      case .structured: "structured"
      }
    }
  }
#endif
