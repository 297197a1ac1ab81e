/// A field that is written as null, not left out, if there is no value.
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
  /// Wraps a number; nil if it is not finite, because JSON has no such numbers.
  package init(finite value: Float?) { self.init(value.flatMap { $0.isFinite ? $0 : nil }) }
}
