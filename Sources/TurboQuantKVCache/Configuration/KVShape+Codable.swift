internal import TurboQuant

/// An object with the four numbers.
///
/// ```json
/// {"queryHeads": 32, "keyValueHeads": 8, "keyDimension": 128, "valueDimension": 128}
/// ```
extension KVShape: Codable {
  private enum Key: String, CodingKey {
    case queryHeads, keyValueHeads, keyDimension, valueDimension
  }

  /// Reads heads and dimensions; a missing value dimension is the key dimension.
  ///
  /// - Throws: `DecodingError` for an impossible shape.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    self.init(
      queryHeads: try object.decode(Int.self, forKey: .queryHeads),
      keyValueHeads: try object.decode(Int.self, forKey: .keyValueHeads),
      keyDimension: try object.decode(Int.self, forKey: .keyDimension),
      valueDimension: try object.decodeIfPresent(Int.self, forKey: .valueDimension))
    if let defect { throw decoder.refusal(defect) }
  }

  /// Writes heads and dimensions.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(queryHeads, forKey: .queryHeads)
    try object.encode(keyValueHeads, forKey: .keyValueHeads)
    try object.encode(keyDimension, forKey: .keyDimension)
    try object.encode(valueDimension, forKey: .valueDimension)
  }
}
