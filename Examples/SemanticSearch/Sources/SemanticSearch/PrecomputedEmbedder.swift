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

  /// Reads a file of texts and a `.npy` file of as many vectors.
  ///
  /// A line `id: text` is found as the whole line, and as `text`.
  public init(texts: URL, vectors file: URL) throws {
    let lines = try String(contentsOf: texts, encoding: .utf8).split(whereSeparator: \.isNewline)
    var file = try VectorFile.open(file)
    guard file.count == lines.count else {
      throw EmbeddingError(
        "\(lines.count) texts in \(texts.lastPathComponent), \(file.count) vectors in \(file.path)")
    }
    var table: [String: [Float]] = [:]
    var vector: [Float] = []
    for line in lines {
      _ = try file.read(upTo: 1, into: &vector)
      table[line.trimmingCharacters(in: .whitespaces)] = vector
      if let colon = line.firstIndex(of: ":") {
        table[line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)] = vector
      }
    }
    dimension = file.dimension
    name = "vectors of \(file.dimension) coordinates from files"
    self.vectors = table
  }

  /// The vectors of some texts.
  ///
  /// - Throws: ``EmbeddingError`` for a text that is not in the file.
  public func embed(_ texts: [String]) async throws -> [Float] {
    try texts.flatMap { text in
      guard let vector = vectors[text] else {
        throw EmbeddingError("there is no vector of “\(text)”")
      }
      return vector
    }
  }
}
