internal import TurboQuant

/// An object with every setting under its own name; options that are nil are left out.
///
/// ```json
/// {
///   "shape": {"queryHeads": 32, "keyValueHeads": 8, "keyDimension": 128},
///   "keys": {"kind": "codes", "bits": 4}, "values": {"kind": "codes", "bits": 3},
///   "sinks": 4, "window": 64, "centering": {"kind": "mean"}
/// }
/// ```
extension KVConfiguration: Codable {
  private enum Key: String, CodingKey {
    case shape, keys, values, sinks, window, exactTokens, slidingWindow, centering, centerTokens,
      equalization, logitCap, sinkLogits, seed
  }

  /// Reads the settings; what is missing beside shape and precisions has its default.
  ///
  /// - Throws: `DecodingError` for settings that are impossible or contradict each other. What the codecs do
  ///   not offer, ``KVCodec/init(_:)`` refuses.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    self.init(
      shape: try object.decode(KVShape.self, forKey: .shape),
      keys: try object.decode(KVPrecision.self, forKey: .keys),
      values: try object.decode(KVPrecision.self, forKey: .values))
    func set<Value: Decodable>(_ value: inout Value, _ key: Key) throws {
      if let stored = try object.decodeIfPresent(Value.self, forKey: key) { value = stored }
    }
    try set(&sinks, .sinks)
    try set(&window, .window)
    try set(&centering, .centering)
    try set(&sinkLogits, .sinkLogits)
    try set(&seed, .seed)
    centerTokens = try object.decodeIfPresent(Int.self, forKey: .centerTokens)
    equalization = try object.decodeIfPresent(KVEqualization.self, forKey: .equalization)
    exactTokens = try object.decodeIfPresent(ExactFormat.self, forKey: .exactTokens)
    slidingWindow = try object.decodeIfPresent(Int.self, forKey: .slidingWindow)
    logitCap = try object.decodeIfPresent(Float.self, forKey: .logitCap)
    do throws(KVCacheError) {
      try check()
    } catch {
      throw decoder.refusal(error.description, error)
    }
  }

  /// Writes the settings.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(shape, forKey: .shape)
    try object.encode(keys, forKey: .keys)
    try object.encode(values, forKey: .values)
    try object.encode(sinks, forKey: .sinks)
    try object.encode(window, forKey: .window)
    try object.encodeIfPresent(exactTokens, forKey: .exactTokens)
    try object.encodeIfPresent(slidingWindow, forKey: .slidingWindow)
    try object.encode(centering, forKey: .centering)
    try object.encodeIfPresent(centerTokens, forKey: .centerTokens)
    try object.encodeIfPresent(equalization, forKey: .equalization)
    try object.encodeIfPresent(logitCap, forKey: .logitCap)
    try object.encode(sinkLogits, forKey: .sinkLogits)
    try object.encode(seed, forKey: .seed)
  }
}
