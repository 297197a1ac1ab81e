/// An object with the kind, `none`, `mean` or `rotary-mean`, and the latter's embedding.
///
/// ```json
/// {"kind": "rotary-mean", "embedding": {"frequencies": [1, 0.5], "pairing": "halves"}}
/// ```
extension KVCentering: Codable {
  private enum Kind: String, Codable {
    case none, mean
    case rotaryMean = "rotary-mean"
  }

  private enum Key: String, CodingKey {
    case kind, embedding
  }

  /// Reads the kind, and the embedding of a rotary mean.
  ///
  /// - Throws: `DecodingError` for an unknown kind, or an embedding that is impossible or has no effect.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    let kind = try object.decode(Kind.self, forKey: .kind)
    let keys: [Key] = kind == .rotaryMean ? [.kind, .embedding] : [.kind]
    try decoder.refuse(others: object, than: keys, of: kind.rawValue)
    switch kind {
    case .none: self = .none
    case .mean: self = .mean
    case .rotaryMean:
      self = .rotaryMean(try object.decode(RotaryEmbedding.self, forKey: .embedding))
    }
  }

  /// Writes the kind, and the embedding of a rotary mean.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    switch self {
    case .none: try object.encode(Kind.none, forKey: .kind)
    case .mean: try object.encode(Kind.mean, forKey: .kind)
    case .rotaryMean(let embedding):
      try object.encode(Kind.rotaryMean, forKey: .kind)
      try object.encode(embedding, forKey: .embedding)
    }
  }
}
