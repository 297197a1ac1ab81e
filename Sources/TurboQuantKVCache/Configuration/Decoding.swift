// Errors of what a user stored.

extension Decoder {
  /// The error for a value that has the right type and is impossible.
  func refusal(_ problem: String, _ error: KVCacheError? = nil) -> DecodingError {
    .dataCorrupted(
      DecodingError.Context(
        codingPath: codingPath, debugDescription: problem, underlyingError: error))
  }

  /// Refuses parameters that a `kind` does not have: they would have no effect.
  func refuse<Key: CodingKey & Equatable>(
    others object: KeyedDecodingContainer<Key>, than keys: [Key], of kind: String
  ) throws(DecodingError) {
    for key in object.allKeys where !keys.contains(key) {
      throw refusal("“\(kind)” has no \(key.stringValue)")
    }
  }
}
