internal import TurboQuant

/// An object with the kind and the numbers of each head.
///
/// ```json
/// {"kind": "diagonal", "heads": [[1, 0.5], [0.25, 1]]}
/// ```
extension KVEqualization: Codable {
  private enum Key: String, CodingKey {
    case kind, heads
  }

  /// Reads kind and numbers.
  ///
  /// - Throws: `DecodingError` for numbers that ``init(_:heads:)`` refuses.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    let kind = try object.decode(Kind.self, forKey: .kind)
    let heads = try object.decode([[Float]].self, forKey: .heads)
    do throws(KVCacheError) {
      try self.init(kind, heads: heads)
    } catch {
      throw decoder.refusal(error.description, error)
    }
  }

  /// Writes kind and numbers.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(kind, forKey: .kind)
    try object.encode(heads, forKey: .heads)
  }
}
