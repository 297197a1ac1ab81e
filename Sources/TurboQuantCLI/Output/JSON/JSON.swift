/// Reports for programs.
enum JSON {
  /// `value` as JSON, keys sorted, one field per line, with a line end.
  static func text(_ value: some Encodable) throws -> String {
    var text = JSONText(isPretty: true)
    text.append(try JSONNode(value))
    return text.string + "\n"
  }

  /// `value` as JSON on one line, keys sorted, with a line end.
  static func line(_ value: some Encodable) throws -> String {
    var text = JSONText(isPretty: false)
    text.append(try JSONNode(value))
    return text.string + "\n"
  }
}
