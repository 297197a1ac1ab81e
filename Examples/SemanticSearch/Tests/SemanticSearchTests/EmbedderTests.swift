import Foundation
import SemanticSearch
import Testing
import TurboQuantFiles
import TurboQuantFoundation

@Suite struct EmbedderTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "embedder-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  @Test("The vector of a text is always the same, and nearer to texts that share words")
  func nGrams() async throws {
    let texts = ["Sending letters", "sènding LETTERS!", "a letter was sent", "raw beans"]
    let embedder = NGramEmbedder()
    let vectors = try await embedder.embed(texts)
    #expect(vectors.count == 4 * embedder.dimension)
    let rows = (0..<4).map { Array(vectors[$0 * 512..<($0 + 1) * 512]) }
    #expect(rows[0] == rows[1])
    func cosine(_ a: [Float], _ b: [Float]) -> Float {
      func product(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    }
    #expect(cosine(rows[0], rows[2]) > cosine(rows[0], rows[3]) + 0.1)
  }

  @Test("Vectors from files are found by their line and by its text; others are refused")
  func precomputed() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let (texts, file) = (folder.appending(path: "a.txt"), folder.appending(path: "a.npy"))
    try Data("first: One\nTwo\n".utf8).write(to: texts)
    var writer = try NpyWriter(file, dimension: 3)
    try writer.append([1, 2, 3, 4, 5, 6])
    try writer.finish()
    let embedder = try PrecomputedEmbedder(texts: texts, vectors: file)
    #expect(embedder.dimension == 3)
    #expect(try await embedder.embed(["Two", "One", "first: One"]) == [4, 5, 6, 1, 2, 3, 1, 2, 3])
    await #expect(throws: EmbeddingError.self) { try await embedder.embed(["Three"]) }
    try Data("One\n".utf8).write(to: texts)
    #expect(throws: EmbeddingError.self) { try PrecomputedEmbedder(texts: texts, vectors: file) }
  }

  @Test("A line without an id or a text is refused with its number")
  func lines() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "a.txt")
    try Data("a: one: two\r\n\n  b :three\n".utf8).write(to: file)
    let documents = try Document.read(file, category: "c")
    #expect(documents.map(\.id) == ["a", "b"])
    #expect(documents.map(\.text) == ["one: two", "three"])
    for line in ["no colon", ": no id", "no text:"] {
      for end in ["\n", "\r\n"] {
        try Data("a: one\(end)\(line)\(end)".utf8).write(to: file)
        #expect(throws: StoreError.badLine(file, number: 2)) {
          try Document.read(file, category: "c")
        }
      }
    }
    try Data("\u{feff}a: one".utf8).write(to: file)
    #expect(try Document.read(file, category: "c").map(\.id) == ["a"])
  }

  @Test("A file that cannot be read, is empty or no UTF-8 is refused with its name")
  func unreadableFiles() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    func refusal(_ file: URL) -> StoreError? {
      #expect(throws: StoreError.self) { try Document.read(file, category: "c") }
    }
    let file = folder.appending(path: "a.txt")
    #expect(refusal(file) == .unreadable(file, reason: "No such file or directory"))
    #expect(refusal(folder) == .unreadable(folder, reason: "Is a directory"))
    try Data("\n \n".utf8).write(to: file)
    #expect(refusal(file) == .noDocuments(file))
    try Data("a: one\nb: caf".utf8 + [0xe9] + "\n".utf8).write(to: file)
    #expect(refusal(file) == .notText(file, line: 2))
    #expect(refusal(file)?.localizedDescription.contains("a.txt, line 2: expected UTF-8") == true)
    let missing = folder.appending(path: "none.txt")
    #expect(throws: StoreError.unreadable(missing, reason: "No such file or directory")) {
      try PrecomputedEmbedder(texts: missing, vectors: file)
    }
  }
}
