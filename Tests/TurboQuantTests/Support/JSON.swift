import Foundation

/// The value as JSON with sorted keys.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// The value of a JSON text.
func read<Value: Decodable>(_ text: String, as _: Value.Type) throws -> Value {
  try JSONDecoder().decode(Value.self, from: Data(text.utf8))
}

/// What the error says about `text`, nil if it is read.
func refusal<Value: Decodable>(_ text: String, as type: Value.Type) throws -> String? {
  do {
    _ = try read(text, as: type)
    return nil
  } catch DecodingError.dataCorrupted(let context) {
    return context.debugDescription
  }
}
