import Foundation
import SemanticSearch
import Testing

@testable import SemanticSearchCLI

@Suite struct CommandTests {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "semantic search command \(UUID().uuidString)", directoryHint: .isDirectory)

  private func refusal(_ words: [String]) -> String? {
    #expect(throws: UsageError.self) { try Arguments(words) }?.message
  }

  @Test("Options may stand anywhere, as two words or with “=”")
  func options() throws {
    for words in [
      ["search", "tea", "--count", "3"], ["--count=3", "search", "tea"],
      ["search", "--count", "3", "--", "tea"],
    ] {
      let arguments = try Arguments(words)
      #expect(arguments.command == "search")
      #expect(arguments.operands == ["tea"])
      #expect(try arguments.count("count", default: 5) == 3)
    }
    #expect(try Arguments(["remove", "--", "--id", "-i"]).operands == ["--id", "-i"])
    for words in [
      ["--help"], ["-h"], ["add", "--help"], ["list", "--store", "x", "-h"], ["help"],
    ] {
      #expect(try Arguments(words).command == "help")
    }
  }

  @Test("What makes no sense is refused, and named")
  func refusals() throws {
    #expect(refusal([])?.contains("no command") == true)
    for (words, named) in [
      (["find"], "“find”"), (["list", "all"], "“all”"), (["help", "add"], "“add”"),
      (["search", "tea", "-k", "3"], "-k"), (["search", "tea", "--k", "3"], "--k"),
      (["search", "tea", "--count"], "--count needs"), (["--store", "", "list"], "--store needs"),
      (["--store", "--count", "3", "list"], "--store needs"),
      (["--store=", "list"], "--store needs"),
      (["search", "tea", "--count", "3", "--count", "3"], "--count is given twice"),
    ] {
      #expect(refusal(words)?.contains(named) == true, "\(words)")
    }
    for count in ["0", "-1", "1.5", "x", "99999999999999999999"] {
      let arguments = try Arguments(["search", "tea", "--count=\(count)"])
      let error = #expect(throws: UsageError.self) { try arguments.count("count", default: 5) }
      #expect(error?.message.contains("--count \(count)") == true)
    }
  }

  @Test("A category without documents is an error that lists those with")
  func unknownCategory() async throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "drinks.txt")
    try Data("tea: Green tea\n".utf8).write(to: file)
    func run(_ words: String...) async throws {
      try await Commands(Arguments(["--store", folder.path + "/store"] + words)).run()
    }
    try await run("add", file.path)
    try await run("search", "tea", "--category", "drinks")
    for words in [["search", "tea"], ["list"]] {
      let error = await #expect(throws: UnknownCategory.self) {
        try await Commands(
          Arguments(["--store", folder.path + "/store", "--category", "drink"] + words)
        ).run()
      }
      #expect(error?.localizedDescription.contains("“drink”; there are: drinks") == true)
    }
  }
}
