import Foundation
import TurboQuantFiles
import TurboQuantFoundation

/// Looks texts up in a file that was embedded before, elsewhere: line by line a text, row by row its vector.
public struct PrecomputedEmbedder: Embedder {
  /// The name that a store keeps.
  public let name: String
  /// The number of coordinates of each vector.
  public let dimension: Int
  private let vectors: [String: [Float]]
  private let texts: URL

  /// Reads a file of texts and a `.npy` file of as many vectors.
  ///
  /// A line `id: text` is found as the whole line, and as `text`.
  ///
  /// - Throws: ``StoreError`` for the texts and `FileError` for the vectors, if they cannot be read; ``EmbeddingError`` if
  ///   there are not as many of both.
  public init(texts: URL, vectors file: URL) throws {
    let rows = try lines(of: texts).filter { !$0.isEmpty }
    var file = try VectorFile.open(file)
    guard file.count == rows.count else {
      throw EmbeddingError(
        "\(texts.relativePath): has \(rows.count) texts, but \(file.path) \(file.count) vectors; expected a vector "
          + "for each line")
    }
    var table: [String: [Float]] = [:]
    var vector: [Float] = []
    for line in rows {
      _ = try file.read(upTo: 1, into: &vector)
      table[line.trimmingCharacters(in: .whitespaces)] = vector
      if let colon = line.firstIndex(of: ":") {
        table[line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)] = vector
      }
    }
    dimension = file.dimension
    name = "vectors of \(file.dimension) coordinates from files"
    self.vectors = table
    self.texts = texts
  }

  /// The vectors of some texts.
  ///
  /// - Throws: ``EmbeddingError`` for a text that is not in the file.
  public func embed(_ texts: [String]) async throws -> [Float] {
    try texts.flatMap { text in
      guard let vector = vectors[text] else {
        throw EmbeddingError(
          "\(self.texts.relativePath): has no line “\(text)”, so there is no vector for it")
      }
      return vector
    }
  }
}
