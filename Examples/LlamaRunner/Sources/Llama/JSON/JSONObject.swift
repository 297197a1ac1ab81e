internal import Foundation

/// The members of an object in a file, read by name; members that nobody reads are refused at the end.
struct JSONObject {
  /// The file, for messages.
  let file: String
  /// The place of the object in the file; empty for the whole file.
  private let path: String
  /// All members, in the order of the file.
  let entries: [JSONValue.Member]
  private let members: [ExactText: JSONValue]
  private var read: Set<ExactText> = []

  /// Reads the object in a file.
  init(contentsOf url: URL) throws {
    try self.init(FileBytes.read(url), file: url.path)
  }

  /// Reads the object in the bytes of a file.
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

  /// Takes an object inside a file, at `path`.
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

  /// The name of a member in messages.
  func place(_ name: ExactText) -> String { path.isEmpty ? "\(name)" : "\(path).\(name)" }

  /// A member, which then counts as read; nil if it is missing or null.
  mutating func value(_ name: ExactText) -> JSONValue? {
    guard let value = members[name], value != .null else { return nil }
    read.insert(name)
    return value
  }

  /// A member of a given type; nil if it is missing or null.
  mutating func optional<Value: JSONReadable>(
    _ name: ExactText, as type: Value.Type = Value.self
  ) throws -> Value? {
    guard let found = value(name) else { return nil }
    guard let value = Value(found) else {
      throw damaged("has \(found) for \(place(name)), expected \(Value.expected)")
    }
    return value
  }

  /// A required member of a given type.
  mutating func required<Value: JSONReadable>(
    _ name: ExactText, as type: Value.Type = Value.self
  ) throws -> Value {
    if let value = try optional(name, as: type) { return value }
    throw damaged("has no \(place(name)), expected \(Value.expected)")
  }

  /// A member that is an object; nil if it is missing or null.
  mutating func object(_ name: ExactText) throws -> JSONObject? {
    try value(name).map { try JSONObject($0, path: place(name), file: file) }
  }

  /// The objects of a list; an empty array if the list is missing or null.
  mutating func objects(_ name: ExactText) throws -> [JSONObject] {
    try (optional(name, as: [JSONValue].self) ?? []).enumerated().map {
      try JSONObject($1, path: "\(place(name))[\($0)]", file: file)
    }
  }

  /// Refuses a member with a value other than the supported ones.
  mutating func expect(_ name: ExactText, _ supported: JSONValue, orElse others: JSONValue...)
    throws
  {
    guard let found = value(name), ([supported] + others).contains(found) == false else { return }
    throw unsupported("has \(place(name)) \(found), supported is \(supported)")
  }

  /// Refuses members that have not been read, are not null and are not in `harmless`.
  func refuseUnread(harmless: Set<ExactText> = []) throws {
    for (name, found) in entries.map({ ($0.name, $0.value) })
    where found != .null && !read.contains(name) && !harmless.contains(name) {
      throw unsupported(
        "has \(place(name)) \(found), which this example does not know; if the model does not "
          + "need it, take it out of the file")
    }
  }
}

/// A type that a member of a JSON object can be read as.
protocol JSONReadable {
  /// The type's name in messages.
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
