/// A value of JSON: what an `Encodable` value encodes itself into.
final class JSONNode {
  /// What a value of JSON is.
  enum Content {
    /// Nothing, which is also what has not been written yet.
    case null
    /// A number, true or false.
    case literal(String)
    /// A text.
    case string(String)
    /// Values in a row.
    case array([JSONNode])
    /// Values by name.
    case object([String: JSONNode])
  }

  /// What this value is.
  fileprivate(set) var content = Content.null
  /// Part of what encoders promise; nobody here asks for it.
  let codingPath: [any CodingKey] = []

  /// Null, until something is written.
  init() {}

  /// Encodes a value.
  ///
  /// - Throws: ``CommandFailure`` for a number that is not finite, which JSON cannot say.
  init(_ value: some Encodable) throws {
    switch value {
    case let text as String: content = .string(text)
    case let number as Double: content = .literal(try Self.literal(number))
    case let number as Float: content = .literal(try Self.literal(number))
    case let number as Int: content = .literal("\(number)")
    case let flag as Bool: content = .literal("\(flag)")
    case let number as any FixedWidthInteger: content = .literal("\(number)")
    default: try value.encode(to: self)
    }
  }

  /// The shortest digits that read back as the number, without “.0” at their end.
  private static func literal<Number: BinaryFloatingPoint>(
    _ number: Number
  ) throws -> String where Number: CustomStringConvertible {
    guard number.isFinite else { throw CommandFailure("JSON cannot say \(number)") }
    let digits = number.description
    return digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits
  }

  /// Adds a value to an array.
  fileprivate func append(_ node: JSONNode) -> JSONNode {
    if case .array(var elements) = content {
      // So that the array is held once and grows in place.
      content = .null
      elements.append(node)
      content = .array(elements)
    } else {
      content = .array([node])
    }
    return node
  }

  /// Gives an object a field.
  fileprivate func set(_ node: JSONNode, for name: String) -> JSONNode {
    if case .object(var fields) = content {
      content = .null
      fields[name] = node
      content = .object(fields)
    } else {
      content = .object([name: node])
    }
    return node
  }
}

extension JSONNode: Encoder {
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    content = .object([:])
    return KeyedEncodingContainer(JSONFields(node: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    content = .array([])
    return JSONElements(node: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension JSONNode: SingleValueEncodingContainer {
  func encodeNil() { content = .null }
  func encode<Value: Encodable>(_ value: Value) throws { content = try JSONNode(value).content }
}

/// Writes the fields of an object.
private struct JSONFields<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: JSONNode
  let codingPath: [any CodingKey] = []

  func encodeNil(forKey key: Key) { _ = node.set(JSONNode(), for: key.stringValue) }

  func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    _ = node.set(try JSONNode(value), for: key.stringValue)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    node.set(JSONNode(), for: key.stringValue).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    node.set(JSONNode(), for: key.stringValue).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { node.set(JSONNode(), for: "super") }
  func superEncoder(forKey key: Key) -> any Encoder { node.set(JSONNode(), for: key.stringValue) }
}

/// Writes the elements of an array.
private struct JSONElements: UnkeyedEncodingContainer {
  let node: JSONNode
  let codingPath: [any CodingKey] = []

  var count: Int { if case .array(let elements) = node.content { elements.count } else { 0 } }

  func encodeNil() { _ = node.append(JSONNode()) }
  func encode<Value: Encodable>(_ value: Value) throws { _ = node.append(try JSONNode(value)) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    node.append(JSONNode()).container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    node.append(JSONNode()).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { node.append(JSONNode()) }
}
