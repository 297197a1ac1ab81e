import Foundation
import SemanticSearch
import Testing
import TurboQuantIndex

private let fruit = [
  Document(id: "apple", text: "A red apple from the garden", category: "fruit"),
  Document(id: "pear", text: "A green pear from the market", category: "fruit"),
  Document(id: "plum", text: "Blue plums, dried in the oven", category: "fruit"),
]
private let tools = [
  Document(id: "saw", text: "A saw for the apple tree in the garden", category: "tool"),
  Document(id: "oven", text: "An oven that dries plums and mushrooms", category: "tool"),
]

@Suite struct DocumentStoreTests {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "semantic search \(UUID().uuidString)", directoryHint: .isDirectory)

  private func withStore(
    _ embedder: any Embedder = NGramEmbedder(), _ body: (DocumentStore) async throws -> Void
  ) async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(DocumentStore.create(folder, embedder: embedder))
  }

  private func reopened() throws -> DocumentStore {
    try DocumentStore.open(folder, embedder: NGramEmbedder())
  }

  private var documentsFile: URL { folder.appending(path: "documents.json") }

  private func ids(
    _ store: DocumentStore, _ text: String, category: String? = nil
  ) async throws -> [String] {
    try await store.search(text, category: category).map(\.document.id)
  }

  @Test("What was added is found, nearest first, and comes with its metadata")
  func add() async throws {
    try await withStore { store in
      #expect(try await ids(store, "apple") == [])
      let reports = Reports()
      try await store.add(fruit + tools) { reports.add($0, $1) }
      #expect(reports.all.last.map { [$0.done, $0.total] } == [5, 5])
      let results = try await store.search("red apple", count: 2)
      #expect(results.map(\.document) == [fruit[0], tools[0]])
      #expect(results[0].score > results[1].score)
      try await store.add([Document(id: "fig", text: "A fig", category: "fruit")])
      #expect(try await ids(store, "figs").first == "fig")
      #expect(await store.all.map(\.id) == ["apple", "fig", "oven", "pear", "plum", "saw"])
    }
  }

  @Test("A text without letters has no vector; nothing is added then")
  func refusedText() async throws {
    try await withStore { store in
      await #expect(throws: EmbeddingError.self) {
        try await store.add(fruit + [Document(id: "dots", text: "…", category: "none")])
      }
      #expect(await store.all.isEmpty)
      await #expect(throws: EmbeddingError.self) { try await store.search("?") }
    }
  }

  @Test("A document replaces the one of the same id, however its accents are written")
  func upsert() async throws {
    try await withStore { store in
      try await store.add(fruit)
      try await store.add([Document(id: "pear", text: "Quinces in jars", category: "jam")])
      #expect(try await ids(store, "quince").first == "pear")
      #expect(try await ids(store, "quince", category: "fruit").contains("pear") == false)
      try await store.add([Document(id: "caf\u{e9}", text: "Coffee", category: "drink")])
      try await store.add([Document(id: "cafe\u{301}", text: "Espresso", category: "drink")])
      #expect(await store.all.count == 4)
      #expect(try await store.search("espresso")[0].document.text == "Espresso")
      // Of two in one call the last one counts.
      let twice = ["one", "two"].map { Document(id: "twice", text: $0, category: "none") }
      try await store.add(twice)
      #expect(try await store.search("two", count: 1).map(\.document) == [twice[1]])
      try await store.save()
      #expect(try await reopened().all.count == 5)
    }
  }

  @Test("What was removed is found no more; an id that is not there removes nothing")
  func remove() async throws {
    try await withStore { store in
      try await store.add(fruit)
      try await store.remove(["apple"])
      #expect(try await ids(store, "apple").contains("apple") == false)
      let error = await #expect(throws: StoreError.self) {
        try await store.remove(["plum", "apple"])
      }
      #expect(error == .unknownID("apple", folder))
      #expect(error?.localizedDescription.contains("“apple”") == true)
      #expect(await store.all.map(\.id) == ["pear", "plum"])
      #expect(try await ids(store, "plum").contains("plum"))
      #expect(try await store.remove(["plum", "plum"]) == 1)
      #expect(await store.all.map(\.id) == ["pear"])
    }
  }

  @Test("A category limits the search to its documents")
  func filter() async throws {
    try await withStore { store in
      try await store.add(fruit + tools)
      #expect(Set(try await ids(store, "apple", category: "tool")) == ["saw", "oven"])
      #expect(try await ids(store, "apple", category: "tool").first == "saw")
      #expect(try await ids(store, "apple", category: "no such") == [])
    }
  }

  @Test("A store that is opened again finds the same; only what was saved is there")
  func reopen() async throws {
    try await withStore { store in
      try await store.add(fruit + tools)
      try await store.save()
      let found = try await store.search("dried plums")
      try await store.remove(["saw"])
      let again = try reopened()
      let foundAgain = try await again.search("dried plums")
      #expect(foundAgain.map(\.document.id) == found.map(\.document.id))
      #expect(foundAgain.map(\.score) == found.map(\.score))
      #expect(await again.all.count == 5)
      // Dates are kept in whole seconds.
      let date = try #require(foundAgain.first?.document.date)
      #expect(abs(date.timeIntervalSince(found[0].document.date)) < 1)
      try await store.save()
      #expect(try await reopened().all.count == 4)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == ["documents.json", "index-2.tqi"])
      #expect(throws: StoreError.exists(folder)) {
        try DocumentStore.create(folder, embedder: NGramEmbedder())
      }
    }
  }

  @Test("Of two that change a store at once, the second is told, and loses nothing of the first")
  func changedMeanwhile() async throws {
    try await withStore { first in
      let second = try reopened()
      try await first.add(fruit)
      try await first.save()
      try await second.add(tools)
      await #expect(throws: StoreError.changedMeanwhile(folder)) { try await second.save() }
      #expect(try await reopened().all.count == 3)
      try await first.save()
    }
  }

  @Test("Of many that save at the same moment, one succeeds")
  func simultaneousSaves() async throws {
    try await withStore { store in
      try await store.save()
      let stores = try (0..<8).map { _ in try reopened() }
      let saved = try await withThrowingTaskGroup { group in
        for (number, store) in stores.enumerated() {
          group.addTask {
            try await store.add([Document(id: "\(number)", text: "text", category: "none")])
            do {
              try await store.save()
              return [number]
            } catch is StoreError {
              return []
            } catch is IndexError {
              return []
            }
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(saved.count == 1)
      #expect(try await reopened().all.map(\.id) == saved.map { "\($0)" })
    }
  }

  @Test("Changes and saves that overlap leave a store that can be opened")
  func overlappingChanges() async throws {
    try await withStore { store in
      try await withThrowingTaskGroup { group in
        for task in 0..<20 {
          group.addTask {
            let new = (0..<10).map {
              Document(id: "\(task)/\($0)", text: "text \($0) of task \(task)", category: "\(task)")
            }
            try await store.add(new)
            if task.isMultiple(of: 4) { try await store.save() }
            try await store.remove(["\(task)/0"])
            #expect(try await store.search("text", count: 20).count > 0)
          }
        }
        try await group.waitForAll()
      }
      try await store.save()
      #expect(try await reopened().all.count == 180)
    }
  }

  @Test("Files that are damaged or of different stores are refused, with words that help")
  func damaged() async throws {
    try await withStore { store in
      try await store.add(fruit)
      try await store.save()
      let intact = try Data(contentsOf: documentsFile)
      let text = String(decoding: intact, as: UTF8.self)

      try intact.dropLast(20).write(to: documentsFile)
      #expect(try refusal()?.contains("documents.json: damaged") == true)
      try Data("{}".utf8).write(to: documentsFile)
      #expect(try refusal()?.contains("damaged: “format” is missing; restore") == true)
      try Data(
        text.replacing("\"text\" : \"A red apple from the garden\"", with: "\"text\" : 1").utf8
      )
      .write(to: documentsFile)
      #expect(try refusal()?.contains(" at documents.0.text; restore") == true)
      try Data(text.replacing("\"format\" : 1", with: "\"format\" : 2").utf8).write(
        to: documentsFile)
      #expect(try refusal()?.contains("format 2") == true)
      try Data(text.replacing("\"generation\" : 1", with: "\"generation\" : -1").utf8)
        .write(to: documentsFile)
      #expect(try refusal()?.contains("generation -1") == true)
      try Data(text.replacing("\"id\" : \"plum\"", with: "\"id\" : \"prune\"").utf8)
        .write(to: documentsFile)
      #expect(throws: StoreError.disagreement(folder, withoutDocument: 1, withoutRow: 1)) {
        try reopened()
      }
      try Data(text.replacing("\"id\" : \"plum\"", with: "\"id\" : \"pear\"").utf8)
        .write(to: documentsFile)
      #expect(throws: StoreError.disagreement(folder, withoutDocument: 1, withoutRow: 0)) {
        try reopened()
      }
      try FileManager.default.removeItem(at: documentsFile)
      #expect(throws: StoreError.noStore(folder)) { try reopened() }
      try intact.write(to: documentsFile)
      #expect(try await reopened().all.count == 3)
      try FileManager.default.removeItem(at: folder.appending(path: "index-1.tqi"))
      #expect(throws: IndexError.self) { try reopened() }
    }
  }

  /// What opening the store says.
  private func refusal() throws -> String? {
    #expect(throws: StoreError.self) { try reopened() }?.localizedDescription
  }

  @Test("A store of another embedder is refused, unless it is empty")
  func otherEmbedder() async throws {
    try await withStore(SlowEmbedder()) { _ in
      let store = try reopened()
      try await store.add(fruit)
      try await store.save()
      #expect(try await reopened().all.count == 3)
      let name = NGramEmbedder().name
      #expect(throws: StoreError.otherEmbedder(folder, found: "slow", expected: name)) {
        try DocumentStore.open(folder, embedder: SlowEmbedder())
      }
    }
  }

  @Test("What cannot be read or written is named, with the system's reason")
  func unwritable() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("a file".utf8).write(to: folder)
    #expect(throws: StoreError.unwritable(folder, reason: "File exists")) {
      try DocumentStore.create(folder, embedder: NGramEmbedder())
    }
    try FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: documentsFile, withIntermediateDirectories: true)
    #expect(throws: StoreError.unreadable(documentsFile, reason: "Is a directory")) {
      try reopened()
    }
  }

  @Test("A cancelled search or change ends soon, and changes nothing", .timeLimit(.minutes(1)))
  func cancelled() async throws {
    try await withStore(SlowEmbedder()) { store in
      let search = Task { try await store.search("anything") }
      let add = Task { try await store.add(fruit) }
      let waiting = Task { try await store.save() }
      try await Task.sleep(for: .milliseconds(20))
      waiting.cancel()
      search.cancel()
      add.cancel()
      await #expect(throws: CancellationError.self) { try await search.value }
      await #expect(throws: CancellationError.self) { try await add.value }
      await #expect(throws: CancellationError.self) { try await waiting.value }
      #expect(await store.all.isEmpty)
      try await store.save()  // does not wait for what was cancelled
    }
  }
}

/// Takes an hour, as a server might that does not answer.
private struct SlowEmbedder: Embedder {
  let name = "slow"
  let dimension = 512

  func embed(_ texts: [String]) async throws -> [Float] {
    try await Task.sleep(for: .seconds(3600))
    return []
  }
}

/// What a progress closure was told.
private final class Reports: @unchecked Sendable {
  private let lock = NSLock()
  private var told: [(done: Int, total: Int)] = []

  func add(_ done: Int, _ total: Int) { lock.withLock { told.append((done, total)) } }

  var all: [(done: Int, total: Int)] { lock.withLock { told } }
}
