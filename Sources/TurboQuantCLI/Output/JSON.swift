internal import Foundation

/// Reports for programs.
enum JSON {
  /// `value` as JSON, keys sorted, one field a line, with a line end.
  static func text<Value: Encodable>(_ value: Value) throws -> String {
    try text(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// `value` as JSON on one line, keys sorted, with a line end.
  static func line<Value: Encodable>(_ value: Value) throws -> String {
    try text(value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func text<Value: Encodable>(
    _ value: Value, _ formatting: JSONEncoder.OutputFormatting
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}

/// A field that says null, rather than staying away, when there is no value.
struct Nullable<Value: Encodable & Sendable>: Encodable, Sendable {
  /// The value.
  let value: Value?

  /// Wraps a value.
  init(_ value: Value?) { self.value = value }

  /// Writes the value or null.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }
}

extension Nullable<Float> {
  /// Wraps a number, or nil where it is none that JSON has.
  init(finite value: Float?) { self.init(value.flatMap { $0.isFinite ? $0 : nil }) }
}
