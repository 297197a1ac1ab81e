/// Text that equals only text with the same bytes.
///
/// Swift's strings are equal if they are canonically equivalent: “é” is the same key, whether it is
/// written as one scalar or as two. In a vocabulary and among names of tensors, these are two
/// different keys.
struct ExactText: Hashable, Comparable, Sendable {
  let utf8: [UInt8]

  init(utf8: [UInt8]) { self.utf8 = utf8 }

  init(_ text: String) { utf8 = Array(text.utf8) }

  static func < (a: ExactText, b: ExactText) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

  static func + (a: ExactText, b: ExactText) -> ExactText { ExactText(utf8: a.utf8 + b.utf8) }
}

extension ExactText: ExpressibleByStringLiteral {
  init(stringLiteral text: String) { self.init(text) }
}

extension ExactText: CustomStringConvertible {
  var description: String { String(decoding: utf8, as: UTF8.self) }
}
