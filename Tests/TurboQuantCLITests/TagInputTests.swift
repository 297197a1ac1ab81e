import Foundation
import TestSupport
import Testing

@testable import TurboQuantCLI

/// Tags as they come from files: taken as they stand there, or refused with the place; never mended.
@Suite("Files of tags")
struct TagInputTests {
  let directory: Scratch
  /// Three vectors.
  let vectors: String
  /// An index of them with the tags a, b and c.
  let index: String
  /// The same without tags.
  let tagless: String

  init() throws {
    directory = try Scratch()
    vectors = try directory.write(gaussianNpy(3, 64), to: "x.npy")
    index = directory.file("x.tqi")
    tagless = directory.file("y.tqi")
    let tags = try directory.write(Array("a\nb\nc\n".utf8), to: "abc.txt")
    try #require(run("index", "build", vectors, "-o", index, "--tags", tags).exitCode == .done)
    try #require(run("index", "build", vectors, "-o", tagless).exitCode == .done)
  }

  /// The tags that a search finds, by their ids.
  private func tags(of path: String) throws -> [String] {
    let outcome = run("index", "search", path, vectors, "--count", "3", "--json")
    let results = try #require(try outcome.object()["results"] as? [[String: Any]])
    let hits = try #require(results.first?["hits"] as? [[String: Any]])
    return try hits.sorted { ($0["id"] as? Int ?? 0) < ($1["id"] as? Int ?? 0) }.map {
      try #require($0["tag"] as? String)
    }
  }

  @Test(
    "A line is a tag as it stands, and blank lines hold none",
    arguments: [
      ("a\nb\nc\n", ["a", "b", "c"]), ("a\nb\nc", ["a", "b", "c"]),
      ("\u{FEFF}a\r\nb\r\nc\r\n", ["a", "b", "c"]),
      ("\n a \n\n \t \nb\tc\n\r\n,@-\n\n", [" a ", "b\tc", ",@-"]),
      // One letter twice, composed and not: Swift calls the texts equal, and they are two tags.
      ("é\ne\u{301}\nf", ["é", "e\u{301}", "f"]), ("1\n2\n\u{1}", ["1", "2", "\u{1}"]),
      ("a\rb\n\u{2028}\n\u{B}\n", ["a\rb", "\u{2028}", "\u{B}"]),
    ])
  func accepted(text: String, expected: [String]) throws {
    let file = try directory.write(Array(text.utf8), to: "tags.txt")
    let path = directory.file("new.tqi")
    let outcome = run("index", "build", vectors, "-o", path, "--tags", file)
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    #expect(try tags(of: path).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    #expect(run("index", "remove", path, "--tags", "@\(file)").output.contains("3 rows removed"))
  }

  /// Bytes that are no file of three new tags, and a piece of the error.
  static let refusals: [(bytes: [UInt8], error: String)] = [
    (Array("x\n".utf8) + [0xC3, 0x28, 0x0A, 0x79, 0x0A], "line 2: not UTF-8"),
    (Array("x\ny\n".utf8) + [0xED, 0xA0, 0x80], "line 3: not UTF-8"),
    (Array("x\ny\0z\nw\n".utf8), "line 2: a zero byte, expected text in UTF-8"),
    ([0xFF, 0xFE, 0x78, 0, 0x0A, 0], "text in UTF-16, expected UTF-8"),
    (
      Array("x\ny\n".utf8) + [UInt8](repeating: 0x7A, count: 70_000),
      "line 3: a tag of 70,000 bytes, expected at most 65,535"
    ),
    (Array("x\n".utf8) + [UInt8](repeating: 0x7A, count: 2 << 20), "a line of more than"),
    (Array("x\n\ny\n".utf8), "tags.txt: 2 tags for 3 rows of"),
    (Array("x\ny\nz\nw".utf8), "tags.txt: 4 tags for 3 rows of"),
    ([], "tags.txt: 0 tags for 3 rows of"),
    (Array("x\n\ny\nx\n".utf8), "tags.txt: line 4: tag “x” is line 1 already"),
    (Array("x\ny \nx".utf8), "tags.txt: line 3: tag “x” is line 1 already"),
    (gaussianNpy(3, 64), "a zero byte, expected text in UTF-8"),
  ]

  @Test(
    "What is no tag for each row is refused, and nothing changes", arguments: 0..<refusals.count)
  func refused(number: Int) throws {
    let (bytes, error) = Self.refusals[number]
    let file = try directory.write(bytes, to: "tags.txt")
    let (names, before) = (try directory.names, try directory.read("x.tqi"))
    for command in [["build", vectors, "-o", directory.file("new.tqi")], ["add", index, vectors]] {
      let outcome = run(["index"] + command + ["--tags", file])
      #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
      #expect(outcome.error.contains(error), "\(outcome.error.prefix(400))")
      #expect(outcome.output.isEmpty)
    }
    #expect(try directory.names == names && directory.read("x.tqi") == before)
  }

  @Test("A tag of the most bytes that there may be is one")
  func longest() throws {
    let longest = String(repeating: "z", count: 65_535)
    let file = try directory.write(Array("x\n\(longest)\ny".utf8), to: "tags.txt")
    let path = directory.file("new.tqi")
    #expect(run("index", "build", vectors, "-o", path, "--tags", file).exitCode == .done)
    #expect(try tags(of: path) == ["x", longest, "y"])
  }

  @Test("What has no lines is refused wherever tags are read")
  func devices() throws {
    for (options, error) in [
      ("/dev/zero", "/dev/zero: a line of more"), ("/none.txt", "none.txt: no such file"),
      (directory.path, "is a directory"),
    ] {
      for command in [
        ["build", vectors, "-o", directory.file("new.tqi"), "--tags", options],
        ["add", index, vectors, "--tags", options],
        ["remove", index, "--tags", "@\(options)"],
        ["search", index, vectors, "--only-tags", "@\(options)"],
      ] {
        let outcome = run(["index"] + command)
        #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
        #expect(outcome.error.contains(error), "\(outcome.error)")
      }
    }
  }

  @Test("Tags come through a pipe")
  func pipe() throws {
    let outcome = try shell(
      "printf 'a\\nb\\nc\\n' | $TQ index build x.npy -o new.tqi --tags /dev/stdin", in: directory)
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    #expect(try tags(of: directory.file("new.tqi")) == ["a", "b", "c"])
  }

  @Test("An index with tags wants tags, one without has none, and the error says what to do")
  func otherKind() throws {
    let file = try directory.write(Array("x\ny\nz\n".utf8), to: "tags.txt")
    let empty = try directory.write(npy(shape: [0, 64], []), to: "empty.npy")
    let none = try directory.write([], to: "none.txt")
    let cases: [(words: [String], error: String)] = [
      (
        ["add", index, vectors], "x.tqi: its rows have tags — give one for each vector with --tags"
      ),
      (["add", index, empty], "x.tqi: its rows have tags — give one for each vector with --tags"),
      (["add", index, vectors, "--ids", "7,8,9"], "give --tags in place of --ids"),
      (["add", index, vectors, "--ids", "0,1,2", "--upsert"], "give --tags in place of --ids"),
      (
        ["add", tagless, vectors, "--tags", file], "y.tqi: its rows have no tags — leave --tags out"
      ),
      (["add", tagless, empty, "--tags", none], "y.tqi: its rows have no tags — leave --tags out"),
      (["add", index, vectors, "--tags", directory.file("abc.txt")], "add --upsert to replace"),
      (["remove", tagless, "--tags", "a"], "y.tqi: its rows have no tags — name them with --ids"),
      (
        ["remove", index, "--tags", "a,x"], "--tags: entry 2: \(index) has no tag “x”, and nothing"
      ),
      (["remove", index, "--tags", "@\(file)"], "tags.txt: line 1: \(index) has no tag “x”"),
      (["remove", index, "--tags", "a,b,a"], "--tags: entry 3: tag “a” is entry 1 already"),
      (["remove", index, "--tags", file], "or write @\(file) to read tags from the file"),
      (["search", tagless, vectors, "--only-tags", "a"], "restrict the search with --only"),
      (
        ["merge", index, tagless, "-o", directory.file("m.tqi")],
        "\(tagless): its rows have no tags, and those of \(index) have"
      ),
      (
        ["merge", tagless, index, "-o", directory.file("m.tqi")],
        "\(tagless): its rows have no tags, and those of \(index) have"
      ),
      (
        ["merge", index, index, "-o", directory.file("m.tqi")],
        "tag “a” is also in an index before it"
      ),
    ]
    let before = try [directory.read("x.tqi"), directory.read("y.tqi")]
    let names = try directory.names
    for (words, error) in cases {
      let outcome = run(["index"] + words)
      #expect(outcome.exitCode == .failed && outcome.output.isEmpty, "\(words)")
      #expect(outcome.error.contains(error), "\(words): \(outcome.error)")
    }
    #expect(try [directory.read("x.tqi"), directory.read("y.tqi")] == before)
    #expect(try directory.names == names)
    // Without rows there is nothing wrong with tags of none.
    #expect(run("index", "add", index, empty, "--tags", none).exitCode == .done)
  }

  @Test("Hits are not written over the file of tags that limits the search")
  func hitsOverTags() throws {
    let file = try directory.write(Array("a\n".utf8), to: "tags.npy")
    let search = ["index", "search", index, vectors, "--only-tags", "@\(file)", "-o"]
    let outcome = run(search + [file])
    #expect(outcome.exitCode == .failed)
    #expect(outcome.error.contains("is the same file as the input"), "\(outcome.error)")
    #expect(try directory.read("tags.npy") == Array("a\n".utf8))
    let written = run(search + [directory.file("hits.npy")])
    #expect(written.output.contains("3 hits of 3 queries"), "\(written.error)")
  }

  @Test("A long tag is cut in an error")
  func cut() throws {
    let long = String(repeating: "q", count: 60_000)
    let outcome = run("index", "remove", index, "--tags", long)
    #expect(outcome.exitCode == .failed && outcome.error.utf8.count < 400)
    #expect(outcome.error.contains("has no tag “qqqq"))
  }

  @Test("Both kinds of names at once are refused by name")
  func both() {
    for command in [
      ["build", vectors, "-o", "new.tqi"], ["add", index, vectors], ["remove", index],
    ] {
      let outcome = run(["index"] + command + ["--ids", "1", "--tags", "t"])
      #expect(outcome.exitCode == .wrongUse)
      #expect(outcome.error.contains("--ids and --tags exclude one another"), "\(outcome.error)")
    }
    let remove = run("index", "remove", index)
    #expect(remove.error.contains("--ids LIST or --tags LIST is missing"), "\(remove.error)")
    let upsert = run("index", "add", index, vectors, "--upsert")
    #expect(upsert.error.contains("--upsert needs --ids or --tags"), "\(upsert.error)")
  }
}
