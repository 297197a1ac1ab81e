internal import Foundation

/// The members of an object in a file, read by name; what nobody reads is refused in the end.
struct JSONObject {
  /// The file, for messages.
  let file: String
  /// Where in the file the object stands; empty for the whole.
  private let path: String
  /// All members, in the order of the file.
  let entries: [JSONValue.Member]
  private let members: [ExactText: JSONValue]
  private var read: Set<ExactText> = []

  /// The object that a file is.
  init(contentsOf url: URL) throws {
    try self.init(FileBytes.read(url), file: url.path)
  }

  /// The object that the bytes of a file describe.
  init(_ data: Data, file: String) throws {
    let value: JSONValue
    do {
      value = try JSONParser.parse(Array(data))
    } catch {
      throw CheckpointError(
        .damaged, file, "is not JSON as expected: byte \(error.offset): \(error.reason)")
    }
    try self.init(value, path: "", file: file)
  }

  /// An object inside a file, at `path`.
  init(_ value: JSONValue, path: String, file: String) throws {
    guard case .object(let entries) = value else {
      throw CheckpointError(
        .damaged, file,
        "has \(value) for \(path.isEmpty ? "the whole" : path), expected an object")
    }
    (self.file, self.path, self.entries) = (file, path, entries)
    members = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.value) })
  }

  func damaged(_ reason: String) -> CheckpointError { CheckpointError(.damaged, file, reason) }

  func unsupported(_ reason: String) -> CheckpointError {
    CheckpointError(.unsupported, file, reason)
  }

  /// How messages call a member.
  func place(_ name: ExactText) -> String { path.isEmpty ? "\(name)" : "\(path).\(name)" }

  /// A member, which counts as read; nil where there is none, and for null.
  mutating func value(_ name: ExactText) -> JSONValue? {
    guard let value = members[name], value != .null else { return nil }
    read.insert(name)
    return value
  }

  /// A member of some type; nil where there is none, and for null.
  mutating func optional<Value: JSONReadable>(
    _ name: ExactText, as type: Value.Type = Value.self
  ) throws -> Value? {
    guard let found = value(name) else { return nil }
    guard let value = Value(found) else {
      throw damaged("has \(found) for \(place(name)), expected \(Value.expected)")
    }
    return value
  }

  /// A member that must be there.
  mutating func required<Value: JSONReadable>(
    _ name: ExactText, as type: Value.Type = Value.self
  ) throws -> Value {
    if let value = try optional(name, as: type) { return value }
    throw damaged("has no \(place(name)), expected \(Value.expected)")
  }

  /// An object among the members; nil where there is none, and for null.
  mutating func object(_ name: ExactText) throws -> JSONObject? {
    try value(name).map { try JSONObject($0, path: place(name), file: file) }
  }

  /// The objects of a list; none where there is no list, and for null.
  mutating func objects(_ name: ExactText) throws -> [JSONObject] {
    try (optional(name, as: [JSONValue].self) ?? []).enumerated().map {
      try JSONObject($1, path: "\(place(name))[\($0)]", file: file)
    }
  }

  /// Refuses a member that says anything else than `supported`.
  mutating func expect(_ name: ExactText, _ supported: JSONValue, orElse others: JSONValue...)
    throws
  {
    guard let found = value(name), ([supported] + others).contains(found) == false else { return }
    throw unsupported("has \(place(name)) \(found), supported is \(supported)")
  }

  /// Refuses whatever has not been read, is not null and not in `harmless`.
  func refuseUnread(harmless: Set<ExactText> = []) throws {
    for (name, found) in entries.map({ ($0.name, $0.value) })
    where found != .null && !read.contains(name) && !harmless.contains(name) {
      throw unsupported(
        "has \(place(name)) \(found), which this example does not know; if the model does not "
          + "need it, take it out of the file")
    }
  }
}

/// What a member of a JSON object can be read as.
protocol JSONReadable {
  /// What messages call it.
  static var expected: String { get }
  init?(_ value: JSONValue)
}

extension Int: JSONReadable {
  static var expected: String { "a whole number" }

  init?(_ value: JSONValue) {
    guard case .number(let digits) = value else { return nil }
    self.init(digits)
  }
}

extension Double: JSONReadable {
  static var expected: String { "a number" }

  init?(_ value: JSONValue) {
    guard case .number(let digits) = value else { return nil }
    self.init(digits)
    guard isFinite else { return nil }
  }
}

extension Bool: JSONReadable {
  static var expected: String { "true or false" }

  init?(_ value: JSONValue) {
    guard case .bool(let value) = value else { return nil }
    self = value
  }
}

extension ExactText: JSONReadable {
  static var expected: String { "a string" }

  init?(_ value: JSONValue) {
    guard case .string(let value) = value else { return nil }
    self = value
  }
}

extension JSONValue: JSONReadable {
  static var expected: String { "a value" }

  init?(_ value: JSONValue) { self = value }
}

extension Array: JSONReadable where Element: JSONReadable {
  static var expected: String { "a list, each element \(Element.expected)" }

  init?(_ value: JSONValue) {
    guard case .array(let values) = value else { return nil }
    let elements = values.compactMap { Element($0) }
    guard elements.count == values.count else { return nil }
    self = elements
  }
}
