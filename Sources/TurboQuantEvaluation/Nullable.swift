/// A field that says null, rather than staying away, when there is no value.
package struct Nullable<Value: Encodable & Sendable>: Encodable, Sendable {
  /// The value.
  package let value: Value?

  /// Wraps a value.
  package init(_ value: Value?) { self.value = value }

  /// Writes the value or null.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }
}

extension Nullable<Float> {
  /// Wraps a number, or nil where JSON has none for it.
  package init(finite value: Float?) { self.init(value.flatMap { $0.isFinite ? $0 : nil }) }
}
