// Errors of what a user stored.

internal import TurboQuant

extension Decoder {
  /// Refuses parameters that a `kind` does not have: they would have no effect.
  func refuse<Key: CodingKey & Equatable>(
    others object: KeyedDecodingContainer<Key>, than keys: [Key], of kind: String
  ) throws(DecodingError) {
    for key in object.allKeys where !keys.contains(key) {
      throw refusal("“\(kind)” has no \(key.stringValue)")
    }
  }
}
