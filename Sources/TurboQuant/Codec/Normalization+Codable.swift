// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  extension Normalization: Codable {
    /// Reads the name of a normalization.
    ///
    /// - Throws: `DecodingError` for any other name.
    public init(from decoder: any Decoder) throws {
      self = try decoder.named("normalization", \.name)
    }

    /// Writes the name of the normalization: “norm” or “unit”.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws { try encoder.write(name) }

    private var name: String {
      switch self {
      case .norm: "norm"
      case .unit: "unit"
      }
    }
  }
#endif
