import Foundation

/// A text that can be searched for, with what an app knows about it.
public struct Document: Codable, Hashable, Sendable, Identifiable {
  /// The app's own name for it, and the tag of its row in the index.
  public let id: String
  /// What is embedded.
  public var text: String
  /// What searches can be limited to.
  public var category: String
  /// When it was added.
  public var date: Date

  /// Creates a document.
  public init(id: String, text: String, category: String, date: Date = .now) {
    // Tags are compared byte by byte, keys of a dictionary as text: one form of each accent makes these the same.
    self.id = id.precomposedStringWithCanonicalMapping
    self.text = text
    self.category = category
    self.date = date
  }
}

extension Document {
  /// The documents of a text file, one in each line: `id: text`.
  ///
  /// - Throws: ``StoreError`` with the file's name: it cannot be read, is not UTF-8 or empty, or a line is without an id
  ///   or a text.
  public static func read(_ file: URL, category: String, date: Date = .now) throws -> [Document] {
    let documents: [Document] = try lines(of: file).enumerated().compactMap { number, line in
      let line = line.trimmingCharacters(in: .whitespaces)
      guard !line.isEmpty else { return nil }
      let parts = line.split(separator: ":", maxSplits: 1)
        .map { $0.trimmingCharacters(in: .whitespaces) }
      guard parts.count == 2, !parts.contains("") else {
        throw StoreError.badLine(file, number: number + 1)
      }
      return Document(id: parts[0], text: parts[1], category: category, date: date)
    }
    guard !documents.isEmpty else { throw StoreError.noDocuments(file) }
    return documents
  }
}

/// A document that a search has found.
public struct SearchResult: Sendable {
  /// The document.
  public let document: Document
  /// The cosine of its embedding and the query's, 1 for the same direction.
  public let score: Float
}
