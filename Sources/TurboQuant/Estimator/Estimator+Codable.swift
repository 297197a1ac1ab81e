// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  extension Estimator: Codable {
    /// Reads the name of an estimator, its raw value.
    ///
    /// - Throws: `DecodingError` for any other name.
    public init(from decoder: any Decoder) throws {
      self = try decoder.named("estimator", \.rawValue)
    }
  }
#endif
