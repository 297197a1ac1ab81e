import Foundation
import SemanticSearch

/// What the commands do.
struct Commands {
  let arguments: Arguments
  let folder: URL

  init(_ arguments: Arguments) {
    self.arguments = arguments
    folder = URL(filePath: arguments["store"] ?? "documents.store", directoryHint: .isDirectory)
  }

  func run() async throws {
    switch arguments.command {
    case "add": try await add()
    case "remove": try await remove()
    case "search": try await search()
    case "list": try await list()
    default: print(usage)
    }
  }

  private func add() async throws {
    guard !arguments.operands.isEmpty else { throw UsageError(message: "add: no file") }
    let documents = try arguments.operands.flatMap { name in
      let file = URL(filePath: name)
      let category = arguments["category"] ?? file.deletingPathExtension().lastPathComponent
      return try Document.read(file, category: category)
    }
    let embedder = try embedder()
    let store: DocumentStore
    do {
      store = try DocumentStore.open(folder, embedder: embedder)
    } catch StoreError.noStore {
      store = try DocumentStore.create(folder, embedder: embedder)
    }
    let time = try await ContinuousClock().measure {
      try await store.add(documents) { done, total in
        guard isatty(STDERR_FILENO) != 0 else { return }
        printError("\rembedded \(done) of \(total)", terminator: done == total ? "\n" : "")
      }
      try await store.save()
    }
    let ids = documents.map(\.id)
    if let twice = Dictionary(grouping: ids, by: { $0 }).filter({ $1.count > 1 }).keys.min() {
      printError(
        "“\(twice)” and possibly other ids came more than once; the last text of each is kept")
    }
    print(
      "added \(Set(ids).count) in \(inMilliseconds(time)); \(await store.all.count) are there"
    )
  }

  private func remove() async throws {
    guard !arguments.operands.isEmpty else { throw UsageError(message: "remove: no id") }
    let store = try DocumentStore.open(folder, embedder: embedder())
    let count = try await store.remove(arguments.operands)
    try await store.save()
    print("removed \(count); \(await store.all.count) are there")
  }

  private func search() async throws {
    guard arguments.operands.count == 1 else {
      throw UsageError(message: "search: expected one text; put it in quotes")
    }
    let count = try arguments.count("count", default: 5)
    let store = try DocumentStore.open(folder, embedder: embedder())
    try await checkCategory(in: store)
    let clock = ContinuousClock()
    let start = clock.now
    let results = try await store.search(
      arguments.operands[0], count: count, category: arguments["category"])
    let time = clock.now - start
    for result in results {
      print(result.score.formatted(.number.precision(.fractionLength(3))), line(result.document))
    }
    print("\(results.count) of \(await store.all.count) documents in \(inMilliseconds(time))")
  }

  private func list() async throws {
    let store = try DocumentStore.open(folder, embedder: embedder())
    try await checkCategory(in: store)
    for document in await store.all {
      if let category = arguments["category"], document.category != category { continue }
      print(document.date.formatted(.iso8601.year().month().day()), line(document))
    }
  }

  /// A misspelt category would find nothing, and say nothing.
  private func checkCategory(in store: DocumentStore) async throws {
    guard let category = arguments["category"] else { return }
    let known = Set(await store.all.map(\.category))
    guard !known.contains(category) else { return }
    throw UnknownCategory(
      errorDescription:
        "\(folder.relativePath): no document has the category “\(category)”; there are: "
        + (known.isEmpty ? "none" : known.sorted().joined(separator: ", ")))
  }

  private func line(_ document: Document) -> String {
    "[\(document.category)] \(document.id): \(document.text)"
  }

  private func embedder() throws -> any Embedder {
    switch (arguments["texts"], arguments["vectors"]) {
    case (nil, nil): NGramEmbedder()
    case (let texts?, let vectors?):
      try PrecomputedEmbedder(texts: URL(filePath: texts), vectors: URL(filePath: vectors))
    default: throw UsageError(message: "--texts and --vectors go together")
    }
  }

  private func inMilliseconds(_ time: Duration) -> String {
    time.formatted(.units(allowed: [.milliseconds], fractionalPart: .show(length: 1)))
  }
}

/// A category without documents.
struct UnknownCategory: LocalizedError {
  let errorDescription: String?
}

func printError(_ text: String, terminator: String = "\n") {
  FileHandle.standardError.write(Data((text + terminator).utf8))
}
