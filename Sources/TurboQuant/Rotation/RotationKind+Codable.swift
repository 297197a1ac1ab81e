// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  extension RotationKind: Codable {
    /// Reads the name of a kind of rotation.
    ///
    /// - Throws: `DecodingError` for any other name.
    public init(from decoder: any Decoder) throws {
      self = try decoder.named("kind of rotation", \.name)
    }

    /// Writes the name of the kind of rotation: “haar” or “hadamard”.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws { try encoder.write(name) }

    private var name: String {
      switch self {
      case .haar: "haar"
      case .hadamard: "hadamard"
      }
    }
  }
#endif
