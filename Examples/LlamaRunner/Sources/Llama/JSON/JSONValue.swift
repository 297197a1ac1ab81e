/// A value of a JSON text.
enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number as it is written, so that whole numbers stay exact.
  case number(String)
  case string(ExactText)
  case array([JSONValue])
  /// Members in the order of the text; all names are different.
  case object([Member])

  struct Member: Equatable, Sendable {
    let name: ExactText
    let value: JSONValue
  }
}

extension JSONValue: CustomStringConvertible {
  private static let longest = 60

  /// The value for a message, on one line; the end of a long value is left out.
  var description: String {
    var text = ""
    write(to: &text)
    return text.count > Self.longest ? text.prefix(Self.longest) + "…" : text
  }

  private func write(to text: inout String) {
    guard text.utf8.count <= 4 * Self.longest else { return }
    switch self {
    case .null: text += "null"
    case .bool(let value): text += "\(value)"
    case .number(let digits): text += digits
    case .string(let value): text += "\"\(Self.onOneLine(value))\""
    case .array(let values):
      text += "["
      for (index, value) in values.prefix(Self.longest).enumerated() {
        if index > 0 { text += ", " }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.prefix(Self.longest).enumerated() {
        text += (index > 0 ? ", " : "") + "\"\(Self.onOneLine(member.name))\": "
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func onOneLine(_ text: ExactText) -> String {
    let shown = text.utf8.prefix(4 * longest).map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }
    return String(decoding: shown, as: UTF8.self)
  }
}

extension JSONValue: ExpressibleByStringLiteral {
  init(stringLiteral text: String) { self = .string(ExactText(text)) }
}
