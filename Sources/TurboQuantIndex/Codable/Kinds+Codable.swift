// Kinds are written as names, not as the numbers of the index's record: names can be read, and written by hand.

internal import TurboQuant

extension Metric: Codable {
  /// Reads the name of a metric.
  ///
  /// - Throws: `DecodingError` for any other name.
  public init(from decoder: any Decoder) throws {
    self = try decoder.named("metric", \.name)
  }

  /// Writes the name of the metric: “innerProduct”, “cosine” or “squaredEuclidean”.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws { try encoder.write(name) }

  private var name: String {
    switch self {
    case .innerProduct: "innerProduct"
    case .cosine: "cosine"
    case .squaredEuclidean: "squaredEuclidean"
    }
  }
}

extension Originals: Codable {
  /// Reads “float16” or “float32”.
  ///
  /// - Throws: `DecodingError` for any other name.
  public init(from decoder: any Decoder) throws {
    self = try decoder.named("kind of originals", \.name)
  }

  /// Writes “float16” or “float32”.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws { try encoder.write(name) }

  private var name: String {
    switch self {
    case .float16: "float16"
    case .float32: "float32"
    }
  }
}

extension TagKind: Codable {
  /// Reads “text” or “bytes”.
  ///
  /// - Throws: `DecodingError` for any other name.
  public init(from decoder: any Decoder) throws {
    self = try decoder.named("kind of tags", \.name)
  }

  /// Writes “text” or “bytes”.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws { try encoder.write(name) }

  private var name: String {
    switch self {
    case .text: "text"
    case .bytes: "bytes"
    }
  }
}
