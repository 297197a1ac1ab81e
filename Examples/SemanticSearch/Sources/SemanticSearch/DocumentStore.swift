import Foundation
import TurboQuantFoundation
import TurboQuantIndex

/// Documents that can be searched by meaning, in a folder.
///
/// The actor guards the documents; the index guards itself, so searches run while others change it.
/// Nothing is on the disk before ``save(progress:)``.
public actor DocumentStore {
  /// Told how many of how many documents are embedded, or bytes saved.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  let folder: URL
  let embedder: any Embedder
  let index: SharedVectorIndex
  var documents: [Document.ID: Document]
  /// How often the store has been saved, as far as this actor knows.
  var generation: Int
  private var lastTurn: Task<Void, Never>?

  init(
    _ folder: URL, _ embedder: any Embedder, _ index: VectorIndex, _ documents: [Document],
    generation: Int
  ) {
    self.folder = folder
    self.embedder = embedder
    self.index = SharedVectorIndex(index)
    self.documents = Dictionary(documents.map { ($0.id, $0) }) { $1 }
    self.generation = generation
  }

  /// All documents, by id.
  public var all: [Document] { documents.values.sorted { $0.id < $1.id } }

  /// Adds documents; one whose id is there replaces the one that is.
  ///
  /// - Throws: What the embedder throws; `IndexError`; `CancellationError`. Nothing is added then.
  public func add(_ new: [Document], progress: Progress? = nil) async throws {
    try await inTurn { store in
      var vectors: [Float] = []
      vectors.reserveCapacity(new.count * store.embedder.dimension)
      for start in stride(from: 0, to: new.count, by: 64) {
        let batch = new[start..<min(start + 64, new.count)]
        vectors += try await store.embedder.embed(batch.map(\.text))
        progress?(batch.endIndex, new.count)
      }
      try await store.index.upsert(vectors, tags: new.map(\.id))
      for document in new { store.documents[document.id] = document }
    }
  }

  /// Removes documents.
  ///
  /// - Returns: How many; an id that is named twice counts once.
  /// - Throws: ``StoreError/unknownID(_:_:)`` for an id that is not there; nothing is removed then.
  @discardableResult public func remove(_ ids: [Document.ID]) async throws -> Int {
    let ids = Set(ids.map(\.precomposedStringWithCanonicalMapping))
    try await inTurn { store in
      for id in ids.sorted() where store.documents[id] == nil {
        throw StoreError.unknownID(id, store.folder)
      }
      try store.index.update { try $0.remove(tags: Array(ids)) }
      for id in ids { store.documents[id] = nil }
    }
    return ids.count
  }

  /// The documents nearest to a text, the nearest first.
  ///
  /// - Parameters:
  ///   - text: What to look for.
  ///   - count: How many documents to return at most.
  ///   - category: If given, only documents of this category are searched.
  /// - Throws: `CancellationError` soon after the task is cancelled; what the embedder throws.
  public func search(
    _ text: String, count: Int = 10, category: String? = nil
  ) async throws -> [SearchResult] {
    let query = try await embedder.embed([text])
    // As they are now. Rows that another task adds in this moment are not among them, and left out below.
    let documents = documents
    var options = SearchOptions()
    if let category {
      options.filter = .tagPredicate { $0.text.flatMap { documents[$0]?.category } == category }
    }
    let hits = try await index.search(query, count: count, options: options)
    return hits[0].compactMap { hit in
      guard let id = hit.tag?.text, let document = documents[id] else { return nil }
      return SearchResult(document: document, score: hit.score)
    }
  }

  /// Runs changes and saves one after another, which an actor alone does not: it lets others in wherever one waits.
  func inTurn(
    _ change: @escaping @Sendable (isolated DocumentStore) async throws -> Void
  ) async throws {
    let previous = lastTurn
    let task = Task {
      await previous?.value
      try Task.checkCancellation()
      try await change(self)
    }
    lastTurn = Task { _ = await task.result }
    try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
