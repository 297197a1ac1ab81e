/// Tokens that are searched for in a text before all others, such as `<s>`.
struct AddedTokens: Sendable {
  /// A piece of a text.
  enum Part: Equatable {
    case token(Int)
    case text([UInt8])
  }

  /// The tokens by first byte, the longest first.
  private let byFirstByte: [UInt8: [(bytes: [UInt8], token: Int)]]

  init(_ tokens: [(bytes: [UInt8], token: Int)]) {
    byFirstByte = Dictionary(grouping: tokens.filter { !$0.bytes.isEmpty }) { $0.bytes[0] }
      .mapValues { $0.sorted { $0.bytes.count > $1.bytes.count } }
  }

  /// Splits a text at the tokens in it; the leftmost token comes first, then the longest.
  func split(_ text: [UInt8]) -> [Part] {
    guard !byFirstByte.isEmpty else { return text.isEmpty ? [] : [.text(text)] }
    var parts: [Part] = []
    var (start, position) = (0, 0)
    while position < text.count {
      let found = byFirstByte[text[position]]?.first { text[position...].starts(with: $0.bytes) }
      guard let found else {
        position += 1
        continue
      }
      if start < position { parts.append(.text(Array(text[start..<position]))) }
      parts.append(.token(found.token))
      position += found.bytes.count
      start = position
    }
    if start < text.count { parts.append(.text(Array(text[start...]))) }
    return parts
  }
}
