// A store is a folder of two files: `documents.json`, and the index that it names.
//
// Two files cannot be replaced in one step. So each save writes the index under a new name, and then replaces
// `documents.json`, which names it. A crash before that leaves the old pair, and a file that the next save overwrites.

import Foundation
import TurboQuantFoundation
import TurboQuantIndex

/// What `documents.json` holds.
private struct Contents: Codable {
  static let newestFormat = 1

  var format = newestFormat
  /// The name of the embedder.
  var embedder: String
  /// How often the store has been saved; the index's file has the number in its name.
  var generation: Int
  var documents: [Document]

  static func url(in folder: URL) -> URL { folder.appending(path: "documents.json") }

  init(embedder: String, generation: Int, documents: [Document]) {
    self.embedder = embedder
    self.generation = generation
    self.documents = documents
  }

  init(in folder: URL) throws {
    let file = Contents.url(in: folder)
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw StoreError.noStore(folder)
    }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    do {
      self = try decoder.decode(Contents.self, from: contents(of: file))
    } catch let error as DecodingError {
      throw StoreError.damaged(file, reason: error.reason)
    }
    guard format == Contents.newestFormat else {
      throw StoreError.damaged(file, reason: "format \(format), expected \(Contents.newestFormat)")
    }
    guard (0..<Int.max).contains(generation) else {
      throw StoreError.damaged(file, reason: "generation \(generation)")
    }
  }

  func write(in folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let (file, bytes) = (Contents.url(in: folder), try encoder.encode(self))
    do {
      try bytes.write(to: file, options: .atomic)
    } catch {
      throw StoreError.unwritable(file, reason: systemReason(error))
    }
  }
}

extension DecodingError {
  /// What is wrong and where, in one line.
  fileprivate var reason: String {
    switch self {
    case .keyNotFound(let key, let context):
      "“\(key.stringValue)” is missing\(place(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(context.debugDescription)\(place(context))".replacing(/\.$/, with: "")
    @unknown default: "\(self)"
    }
  }

  private func place(_ context: Context) -> String {
    context.codingPath.isEmpty
      ? ""
      : " at "
        + context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(
          separator: ".")
  }
}

private func indexFile(of generation: Int, in folder: URL) -> URL {
  folder.appending(path: "index-\(generation).tqi")
}

extension DocumentStore {
  /// Creates an empty store in a folder, which may exist if there is no store in it.
  public static func create(_ folder: URL, embedder: any Embedder) throws -> DocumentStore {
    guard !FileManager.default.fileExists(atPath: Contents.url(in: folder).path) else {
      throw StoreError.exists(folder)
    }
    let index = try VectorIndex(dimension: embedder.dimension, metric: .cosine, tags: .text)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw StoreError.unwritable(folder, reason: systemReason(error))
    }
    try index.save(to: indexFile(of: 0, in: folder))
    try Contents(embedder: embedder.name, generation: 0, documents: []).write(in: folder)
    return DocumentStore(folder, embedder, index, [], generation: 0)
  }

  /// Opens a store; the index is mapped, not read.
  ///
  /// A store without documents may be opened with any embedder: a first addition may have failed with a wrong one.
  ///
  /// - Throws: ``StoreError`` when there is none, it is damaged or of another embedder, or its files do not belong
  ///   together: each row's tag must be the id of a document, and each document must have a row.
  public static func open(_ folder: URL, embedder: any Embedder) throws -> DocumentStore {
    let contents = try Contents(in: folder)
    guard contents.embedder == embedder.name else {
      guard contents.documents.isEmpty else {
        throw StoreError.otherEmbedder(folder, found: embedder.name, expected: contents.embedder)
      }
      let index = try VectorIndex(dimension: embedder.dimension, metric: .cosine, tags: .text)
      return DocumentStore(folder, embedder, index, [], generation: contents.generation)
    }
    let index: VectorIndex
    do {
      index = try VectorIndex(opening: indexFile(of: contents.generation, in: folder))
    } catch {
      // Another process may have saved in this moment, and removed the index that was named a moment ago.
      guard try Contents(in: folder).generation != contents.generation else { throw error }
      return try open(folder, embedder: embedder)
    }
    let tags = Set(try index.tags())
    let ids = Set(contents.documents.map(\.id.rowTag))
    guard tags == ids, contents.documents.count == ids.count, index.count == tags.count else {
      throw StoreError.disagreement(
        folder, withoutDocument: tags.subtracting(ids).count,
        withoutRow: ids.subtracting(tags).count)
    }
    return DocumentStore(
      folder, embedder, index, contents.documents, generation: contents.generation)
  }

  /// Writes what has changed: both files or, on an error or when the task is cancelled, none.
  ///
  /// - Throws: ``StoreError/changedMeanwhile(_:)`` when another process has saved since the store was opened;
  ///   `IndexError` when one is saving now.
  public func save(progress: Progress? = nil) async throws {
    try await inTurn { store in
      // Who saves holds the old index's lock. Others need not wait for it: what they hold is out of date then.
      let old = indexFile(of: store.generation, in: store.folder)
      let lock: IndexFileLock
      do {
        lock = try IndexFileLock(old, waitingAtMost: .zero)
      } catch {
        try store.checkUnchanged()
        throw error
      }
      try store.checkUnchanged()
      let new = Contents(
        embedder: store.embedder.name, generation: store.generation + 1, documents: store.all)
      try await store.index.save(
        to: indexFile(of: new.generation, in: store.folder), progress: progress)
      try new.write(in: store.folder)
      store.generation = new.generation
      try? FileManager.default.removeItem(at: old)  // a file too many harms nobody
      _ = consume lock
    }
  }

  private func checkUnchanged() throws {
    guard try Contents(in: folder).generation == generation else {
      throw StoreError.changedMeanwhile(folder)
    }
  }
}
