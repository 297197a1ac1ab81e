internal import TurboQuant

/// An object with the kind and its parameters.
///
/// ```json
/// {"kind": "codes", "bits": 4, "quantizer": {"kind": "scalar"}, "estimator": "renormalized"}
/// {"kind": "outliers", "bits": 2}
/// {"kind": "sketches", "directions": 256, "outliers": 8, "outlierDirections": 64, "sketch": "orthogonal"}
/// ```
///
/// The other kinds are `float32` and `float16`. A parameter that is missing and has a default has that. A
/// parameter of another kind is refused, because it would have no effect.
extension KVPrecision: Codable {
  private enum Kind: String, Codable {
    case float32, float16, codes, outliers, sketches

    var keys: [Key] {
      switch self {
      case .float32, .float16: [.kind]
      case .codes: [.kind, .bits, .quantizer, .estimator]
      case .outliers: [.kind, .bits, .estimator]
      case .sketches: [.kind, .directions, .outliers, .outlierDirections, .sketch]
      }
    }
  }

  private enum Key: String, CodingKey {
    case kind, bits, quantizer, estimator, directions, outliers, outlierDirections, sketch
  }

  /// Reads the kind and its parameters.
  ///
  /// - Throws: `DecodingError` for an unknown kind, a parameter of another kind, or a number that no cache
  ///   has. What quantizer, rate, estimator and dimension do not offer together, ``KVCodec/init(_:)`` refuses.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    let kind = try object.decode(Kind.self, forKey: .kind)
    try decoder.refuse(others: object, than: kind.keys, of: kind.rawValue)
    let estimator = try object.decodeIfPresent(Estimator.self, forKey: .estimator)
    /// A count of at least one.
    func count(_ key: Key, atMost limit: Int = .max) throws -> Int {
      let count = try object.decode(Int.self, forKey: key)
      guard (1...limit).contains(count) else {
        throw decoder.refusal(
          "\(key.rawValue): \(count), expected " + (limit < .max ? "1 … \(limit)" : "at least 1"))
      }
      return count
    }
    switch kind {
    case .float32: self = .float32
    case .float16: self = .float16
    case .codes:
      let rate = try object.decode(Rate.self, forKey: .bits)
      let quantizer = try object.decodeIfPresent(Quantizer.self, forKey: .quantizer)
      self = .codes(rate, quantizer: quantizer ?? .scalar, estimator: estimator)
    case .outliers: self = .outliers(bits: try count(.bits, atMost: 7), estimator: estimator)
    case .sketches:
      self = .sketches(
        directions: try count(.directions), outliers: try count(.outliers),
        outlierDirections: try count(.outlierDirections),
        sketch: try object.decodeIfPresent(SketchKind.self, forKey: .sketch) ?? .orthogonal)
    }
  }

  /// Writes the kind and its parameters; an estimator of nil is left out.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    switch self {
    case .float32: try object.encode(Kind.float32, forKey: .kind)
    case .float16: try object.encode(Kind.float16, forKey: .kind)
    case .codes(let rate, let quantizer, let estimator):
      try object.encode(Kind.codes, forKey: .kind)
      try object.encode(rate, forKey: .bits)
      try object.encode(quantizer, forKey: .quantizer)
      try object.encodeIfPresent(estimator, forKey: .estimator)
    case .outliers(let bits, let estimator):
      try object.encode(Kind.outliers, forKey: .kind)
      try object.encode(bits, forKey: .bits)
      try object.encodeIfPresent(estimator, forKey: .estimator)
    case .sketches(let directions, let outliers, let outlierDirections, let sketch):
      try object.encode(Kind.sketches, forKey: .kind)
      try object.encode(directions, forKey: .directions)
      try object.encode(outliers, forKey: .outliers)
      try object.encode(outlierDirections, forKey: .outlierDirections)
      try object.encode(sketch, forKey: .sketch)
    }
  }
}
