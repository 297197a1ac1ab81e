/// Reads JSON (RFC 8259), but refuses a name that an object has twice.
///
/// Readers differ in which of the two members they take.
struct JSONParser {
  /// Why a text is refused, and where.
  struct Failure: Error {
    let offset: Int
    let reason: String
  }

  private let bytes: [UInt8]
  private var position = 0

  /// The deepest nesting: deeper than any file of a model, and shallow enough for the stack.
  private static let deepest = 64

  /// The value that `bytes` describe as a whole.
  static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw Failure(offset: 0, reason: "it is not UTF-8")
    }
    var parser = JSONParser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpaces()
    guard parser.position == bytes.count else { throw parser.failure("expected the end") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func failure(_ reason: String) -> Failure { Failure(offset: position, reason: reason) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpaces() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  /// Takes `character` if it comes next.
  private mutating func takes(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(Failure) -> JSONValue {
    guard depth < Self.deepest else { throw failure("expected at most \(Self.deepest) levels") }
    skipSpaces()
    switch next {
    case UInt8(ascii: "{"): return .object(try members(depth))
    case UInt8(ascii: "["): return .array(try elements(depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw failure("expected \(word)") }
    position += word.utf8.count
    return value
  }

  private mutating func elements(_ depth: Int) throws(Failure) -> [JSONValue] {
    position += 1
    var elements: [JSONValue] = []
    skipSpaces()
    if takes("]") { return elements }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpaces()
      if takes("]") { return elements }
      guard takes(",") else { throw failure("expected , or ]") }
    }
  }

  private mutating func members(_ depth: Int) throws(Failure) -> [JSONValue.Member] {
    position += 1
    var members: [JSONValue.Member] = []
    var names: Set<ExactText> = []
    skipSpaces()
    if takes("}") { return members }
    while true {
      skipSpaces()
      guard next == UInt8(ascii: "\"") else { throw failure("expected a name in quotes") }
      let start = position
      let name = try string()
      guard names.insert(name).inserted else {
        throw Failure(offset: start, reason: "the name \"\(name)\" is there twice, expected once")
      }
      skipSpaces()
      guard takes(":") else { throw failure("expected :") }
      members.append(.init(name: name, value: try value(depth: depth + 1)))
      skipSpaces()
      if takes("}") { return members }
      guard takes(",") else { throw failure("expected , or }") }
    }
  }
}

extension JSONParser {
  private mutating func number() throws(Failure) -> String {
    let start = position
    _ = takes("-")
    if !takes("0") { try digits("expected a value") }
    if takes(".") { try digits("expected a digit after the point") }
    if takes("e") || takes("E") {
      if !takes("+") { _ = takes("-") }
      try digits("expected a digit of the exponent")
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits(_ expected: String) throws(Failure) {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    guard position > start else { throw failure(expected) }
  }

  private mutating func string() throws(Failure) -> ExactText {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return ExactText(utf8: text)
      case UInt8(ascii: "\\"):
        position += 1
        text += try escaped()
      case 0..<0x20: throw failure("expected no control character in a string")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw failure("expected the end of a string")
  }

  /// The one-letter escapes.
  private static let escapes: [UInt8: UInt8] = [
    0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 0x08, 0x66: 0x0c, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09,
  ]

  /// Reads the part of an escape after the backslash.
  private mutating func escaped() throws(Failure) -> [UInt8] {
    if let byte = next, let meaning = Self.escapes[byte] {
      position += 1
      return [meaning]
    }
    guard takes("u") else { throw failure("expected an escape that JSON has") }
    var code = try unit()
    if (0xd800..<0xdc00).contains(code), takes("\\"), takes("u") {
      let low = try unit()
      guard (0xdc00..<0xe000).contains(low) else { throw failure("expected a low surrogate") }
      code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw failure("expected a pair of surrogates") }
    return Array(scalar.utf8)
  }

  private mutating func unit() throws(Failure) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("expected four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
