/// JSON as text.
struct JSONText {
  /// Whether every field has a line of its own.
  private let isPretty: Bool
  private var bytes: [UInt8] = []
  /// Open objects and arrays.
  private var depth = 0

  /// Starts an empty text.
  init(isPretty: Bool) { self.isPretty = isPretty }

  /// What has been written.
  var string: String { String(decoding: bytes, as: UTF8.self) }

  /// Writes a value and all that it holds.
  mutating func append(_ node: JSONNode) {
    switch node.content {
    case .null: append("null")
    case .literal(let text): append(text)
    case .string(let text): append(quoted: text)
    case .array(let elements):
      open("[")
      for (place, element) in elements.enumerated() {
        separate(place)
        append(element)
      }
      close("]")
    case .object(let fields):
      open("{")
      for (place, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
        separate(place)
        append(quoted: field.key)
        append(isPretty ? " : " : ":")
        append(field.value)
      }
      close("}")
    }
  }

  private mutating func append(_ text: String) { bytes += text.utf8 }

  private mutating func open(_ bracket: String) {
    append(bracket)
    depth += 1
    if isPretty { append("\n") }
  }

  /// Comes before the element at `place`.
  private mutating func separate(_ place: Int) {
    if place > 0 { append(isPretty ? ",\n" : ",") }
    indent()
  }

  private mutating func close(_ bracket: String) {
    depth -= 1
    if isPretty { append("\n") }
    indent()
    append(bracket)
  }

  private mutating func indent() {
    guard isPretty else { return }
    for _ in 0..<depth { append("  ") }
  }

  /// Writes a string between quotation marks; what JSON forbids inside them is escaped.
  private mutating func append(quoted text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case ..<0x10: append("\\u000" + String(byte, radix: 16))
      case ..<0x20: append("\\u00" + String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    append("\"")
  }
}
