/// An application's own name for a row: text or any bytes, at most 65,535 of them.
///
/// Tags are compared byte by byte. So two texts that Swift calls equal, because they differ only in how accents are
/// composed, are two tags.
///
/// ```swift
/// try index.add(vectors, tags: ["intro.md#3", "intro.md#4"])
/// ```
public struct RowTag: Sendable, Hashable {
  /// The most bytes of a tag.
  public static let largestByteCount = 65_535

  /// The bytes; those of a text are its UTF-8.
  public let bytes: [UInt8]

  /// The tag of a text.
  public init(_ text: String) { bytes = Array(text.utf8) }

  /// The tag of some bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// The text, or nil if the bytes are not UTF-8.
  public var text: String? { String(validating: bytes, as: UTF8.self) }
}

extension RowTag: ExpressibleByStringLiteral {
  /// The tag of a text.
  public init(stringLiteral text: String) { self.init(text) }
}

extension RowTag: CustomStringConvertible {
  /// The text, or, where the bytes are none, the bytes in hexadecimal.
  public var description: String {
    text ?? bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// What can be a row's tag: texts, and ``RowTag`` itself.
public protocol RowTagConvertible: Sendable {
  /// The tag.
  var rowTag: RowTag { get }
}

extension RowTag: RowTagConvertible {
  /// The tag itself.
  public var rowTag: RowTag { self }
}

extension String: RowTagConvertible {
  /// The text's UTF-8.
  public var rowTag: RowTag { RowTag(self) }
}

extension Substring: RowTagConvertible {
  /// The text's UTF-8.
  public var rowTag: RowTag { RowTag(String(self)) }
}

/// What the tags of an index are.
public enum TagKind: UInt8, Sendable, Hashable, CaseIterable {
  /// Text; tags that are not UTF-8 are refused.
  case text = 1
  /// Any bytes.
  case bytes = 2

  /// Whether a tag is of this kind, whatever its length.
  func allows(_ tag: RowTag) -> Bool { self == .bytes || tag.text != nil }
}
