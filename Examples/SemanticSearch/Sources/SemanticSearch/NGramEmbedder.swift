import Foundation

/// Counts the words and the runs of three letters of a text, hashed to coordinates.
///
/// It stands in for a model, so that the example works at once: it finds texts that share words or parts of words, in any
/// language, but knows no synonyms. A model finds "emails" when asked for "letters"; this does not.
public struct NGramEmbedder: Embedder {
  /// The name that a store keeps.
  public let name = "n-grams, version 1"
  /// The number of coordinates of each vector.
  public let dimension = 512

  /// Creates an embedder; all are the same.
  public init() {}

  /// The vectors of some texts.
  ///
  /// - Throws: ``EmbeddingError`` for a text without letters and digits; `CancellationError`.
  public func embed(_ texts: [String]) async throws -> [Float] {
    var vectors: [Float] = []
    vectors.reserveCapacity(texts.count * dimension)
    for text in texts {
      try Task.checkCancellation()
      vectors += try embed(text)
    }
    return vectors
  }

  private func embed(_ text: String) throws -> [Float] {
    let words = text.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
      .split { !$0.isLetter && !$0.isNumber }
    guard !words.isEmpty else {
      throw EmbeddingError("the text “\(text)” has no letters or digits to compare; use words")
    }
    var counts: [UInt64: Float] = [:]
    for word in words {
      counts[hash(word.utf8), default: 0] += 1
      let letters = Array("<\(word)>")
      for start in 0..<max(letters.count - 2, 1) {
        counts[hash(String(letters[start..<min(start + 3, letters.count)]).utf8), default: 0] += 0.5
      }
    }
    var vector = [Float](repeating: 0, count: dimension)
    // In a fixed order, so that a text always has the same vector.
    for (hash, count) in counts.sorted(by: { $0.key < $1.key }) {
      // Frequent words count less than proportionally. The sign lets what collides cancel on average.
      vector[Int(hash % UInt64(dimension))] +=
        hash >> 63 == 0 ? count.squareRoot() : -count.squareRoot()
    }
    // All coordinates are 0 if everything has cancelled, which two words may do.
    if vector.allSatisfy({ $0 == 0 }) { vector[0] = 1 }
    return vector
  }

  /// FNV-1a; Swift's own hashes differ from run to run.
  private func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
