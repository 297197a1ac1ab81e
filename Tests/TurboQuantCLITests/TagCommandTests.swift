import Foundation
import TestSupport
import Testing
import TurboQuantIndex

@testable import TurboQuantCLI

/// An index whose rows have tags, from `index build --tags` on.
@Suite("Tags of an index")
struct TagCommandTests {
  let directory: Scratch
  let index: String
  let vectors: String
  /// Twelve tags, t0 and so on.
  let tags: String

  init() throws {
    directory = try Scratch()
    vectors = try directory.write(gaussianNpy(12, 64), to: "x.npy")
    tags = try directory.write(
      Array((0..<12).map { "t\($0)\n" }.joined().utf8), to: "tags.txt")
    index = directory.file("x.tqi")
    let built = run("index", "build", vectors, "-o", index, "--tags", tags)
    try #require(built.exitCode == .done, "\(built.error)")
    #expect(built.error.isEmpty && built.output.contains("with ids and tags"))
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  /// Writes a text, one of these lines below another.
  private func text(_ lines: String..., name: String = "more.txt") throws -> String {
    try directory.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: name)
  }

  /// The hits of all queries, one list.
  private func hits(_ path: String, _ queries: String, _ options: String...) throws -> [[String:
    Any]]
  {
    let outcome = run(["index", "search", path, queries, "--json"] + options)
    try #require(outcome.exitCode == .done, "\(outcome.error)")
    let results = try #require(try outcome.object()["results"] as? [[String: Any]])
    return try results.flatMap { try #require($0["hits"] as? [[String: Any]]) }
  }

  /// The tag and id of every row.
  private func rows(_ path: String) throws -> [String: Int] {
    let query = try directory.write(gaussianNpy(1, 64, seed: 9), to: "one.npy")
    let pairs = try hits(path, query, "--count", "99").map {
      (try #require($0["tag"] as? String), try #require($0["id"] as? Int))
    }
    return Dictionary(pairs) { first, _ in first }
  }

  @Test("Each row is found with its own tag, in every form")
  func search() throws {
    let found = try hits(index, vectors, "--count", "1")
    #expect(found.compactMap { $0["tag"] as? String } == (0..<12).map { "t\($0)" })
    #expect(found.compactMap { $0["id"] as? Int } == Array(0..<12))
    let lines = run("index", "search", index, vectors, "--count", "1", "--json-lines").output
      .split(separator: "\n")
    #expect(lines.count == 12 && lines[7].contains("\"tag\":\"t7\""))
    let shown = run("index", "search", index, vectors, "--count", "1").output
      .split(separator: "\n", omittingEmptySubsequences: false)
    #expect(shown.first?.hasSuffix("score  id  tag") == true)
    #expect(shown.count { $0.contains(/\ 7  t7$/) } == 1)
    let table = directory.file("h.npy")
    #expect(run("index", "search", index, vectors, "-o", table).exitCode == .done)
    let tagless = directory.file("y.tqi")
    #expect(run("index", "build", vectors, "-o", tagless).exitCode == .done)
    let same = directory.file("i.npy")
    #expect(run("index", "search", tagless, vectors, "-o", same).exitCode == .done)
    #expect(try bytes(table) == bytes(same))
  }

  @Test("Tags and labels stand in columns, and neither is wider than the terminal")
  func columns() throws {
    let long = String(repeating: "a", count: 65_535)
    let names = try directory.write(
      Array(([long] + (1..<12).map { "t\($0)" }).joined(separator: "\n").utf8), to: "long.txt")
    let path = directory.file("long.tqi")
    #expect(run("index", "build", vectors, "-o", path, "--tags", names).exitCode == .done)
    let alone = run("index", "search", path, vectors, "--count", "3")
    let both = run("index", "search", path, vectors, "--count", "12", "--labels", tags)
    for shown in [alone, both] {
      #expect(shown.exitCode == .done && shown.error.isEmpty)
      #expect(shown.output.split(separator: "\n").allSatisfy { $0.count <= 100 && $0.last != " " })
      #expect(shown.output.contains("  aaaaaaaa") && shown.output.contains("a…"))
    }
    // The label of the shorter tag stands where that of the longer one does.
    let lines = both.output.split(separator: "\n")
    let first = try #require(lines.first { $0.contains(/\ 0  a+…  t0$/) })
    let second = try #require(lines.first { $0.contains(/\ 1  t1 +t1$/) })
    #expect(first.count == second.count)
    #expect(try hits(path, vectors, "--count", "1").first?["tag"] as? String == long)
  }

  @Test("A terminal is not steered by a tag, and JSON has it as it is")
  func display() throws {
    let names = try text("a\tb\u{1B}[2J", "\u{85}", "c", name: "odd.txt")
    let three = try directory.write(gaussianNpy(3, 64), to: "three.npy")
    let path = directory.file("odd.tqi")
    #expect(run("index", "build", three, "-o", path, "--tags", names).exitCode == .done)
    let shown = run("index", "search", path, three).output
    #expect(shown.contains("0  a\\tb\\u{1B}[2J\n") && !shown.contains("\u{1B}"))
    #expect(!shown.unicodeScalars.contains("\u{85}"))
    #expect(Set(try rows(path).keys) == ["a\tb\u{1B}[2J", "\u{85}", "c"])
    let missing = run("index", "remove", path, "--tags", "x\u{1B}[2J")
    #expect(missing.exitCode == .failed && missing.error.contains("no tag “x\\u{1B}[2J”"))
  }

  @Test("Bytes that a program stored as a tag are shown in hexadecimal")
  func bytesTags() throws {
    let path = directory.file("bytes.tqi")
    var made = try VectorIndex(dimension: 64, tags: .bytes)
    try made.add(
      [Float](repeating: 1, count: 64) + [Float](repeating: -1, count: 64),
      tags: [RowTag(bytes: [0xFF, 0x00]), "word"])
    try made.save(to: path)
    let query = try directory.write(
      npy(shape: [1, 64], [Float](repeating: 1, count: 64)), to: "ones.npy")
    let found = try hits(path, query)
    #expect(found.first?["tag"] as? [Int] == [255, 0] && found.last?["tag"] as? String == "word")
    let shown = run("index", "search", path, query).output
    #expect(shown.contains(" 0  ff00\n") && shown.contains(" 1  word\n"))
    #expect(run("index", "info", path).output.contains("bytes, 6 bytes, and 8 for each row\n"))
    let added = run("index", "add", path, query, "--tags", try text("more"))
    #expect(added.exitCode == .done, "\(added.error)")
    #expect(try VectorIndex(opening: path).id(ofTag: "more") == 2)
  }

  @Test("info says what tags there are and how many bytes, inspect and verify take them")
  func info() throws {
    // t0 … t9 and t10, t11.
    let size = 10 * 2 + 2 * 3
    for words in [["index", "info"], ["inspect"]] {
      let report = try run(words + [index, "--json"]).object()
      #expect(report["tags"] as? String == "text" && report["tag_bytes"] as? Int == size)
      #expect(run(words + [index]).output.contains("text, \(size) bytes, and 8 for each row\n"))
    }
    let built = try run("index", "build", vectors, "-o", index, "--tags", tags, "--json").object()
    #expect(built["tags"] as? String == "text")
    #expect(run("index", "verify", index).exitCode == .done)
    #expect(run("index", "build", vectors, "-o", index).exitCode == .done)
    #expect(run("index", "info", index).output.contains("tags              none\n"))
  }

  @Test("Rows are added with new tags and replaced by their tags, whose ids they keep")
  func add() throws {
    let other = try directory.write(gaussianNpy(3, 64, seed: 2), to: "y.npy")
    let added = run("index", "add", index, other, "--tags", try text("a", "b", "c"))
    #expect(added.exitCode == .done && added.output.contains("3 rows added, ids 12 … 14"))
    let one = try directory.write(gaussianNpy(2, 64, seed: 3), to: "z.npy")
    let report = try run(
      "index", "add", index, one, "--tags", "@\(text("t4", "d"))", "--upsert", "--json"
    ).object()
    #expect(report["added"] as? Int == 1 && report["replaced"] as? Int == 1)
    #expect(report["count"] as? Int == 16)
    let all = try rows(index)
    #expect(all["t4"] == 4 && all["a"] == 12 && all["d"] == 15 && all.count == 16)
    let found = try hits(index, one, "--count", "1").compactMap { $0["tag"] as? String }
    #expect(found == ["t4", "d"])
    // The last of several rows of one tag counts.
    let twice = run("index", "add", index, one, "--tags", try text("t5", "t5"), "--upsert")
    #expect(twice.exitCode == .done && twice.output.contains("rows replaced; 16 rows"))
    #expect(
      try hits(index, one, "--count", "1").compactMap { $0["tag"] as? String } == ["t4", "t5"])
    #expect(run("index", "verify", index).exitCode == .done)
  }

  @Test("Many blocks of vectors take their own tags")
  func blocks() throws {
    // Blocks are of 2²⁰ coordinates, so of 16 rows here, which are orthogonal.
    let (count, d) = (18, 1 << 16)
    var values = [Float](repeating: 0, count: count * d)
    for row in 0..<count { values[row * d + row] = 1 }
    let wide = try directory.write(npy(shape: [count, d], values), to: "wide.npy")
    let names = try directory.write(
      Array((0..<count).map { "row \($0)\n" }.joined().utf8), to: "names.txt")
    let path = directory.file("wide.tqi")
    let built = run("index", "build", wide, "-o", path, "--bits", "1", "--tags", names)
    #expect(built.exitCode == .done, "\(built.error)")
    let found = try hits(path, wide, "--count", "1").compactMap { $0["tag"] as? String }
    #expect(found == (0..<count).map { "row \($0)" })
    let twice = try directory.write(
      Array((0..<count).map { $0 == 17 ? "row 17\n" : "new \($0)\n" }.joined().utf8),
      to: "names.txt")
    let outcome = run("index", "add", path, wide, "--tags", twice)
    #expect(outcome.error.contains("names.txt: line 18: tag “row 17” is in \(path) already"))
  }

  @Test("Rows are removed by a list or a file of tags, or by their ids")
  func remove() throws {
    let removed = run("index", "remove", index, "--tags", "t3, t1")
    #expect(removed.exitCode == .done && removed.output.contains("2 rows removed"))
    let file = run("index", "remove", index, "--tags", "@\(try text("t11", "", "t0"))", "--json")
    #expect(try file.object()["removed"] as? Int == 2)
    #expect(run("index", "remove", index, "--ids", "5,6").exitCode == .done)
    let left = try rows(index)
    #expect(left == ["t2": 2, "t4": 4, "t7": 7, "t8": 8, "t9": 9, "t10": 10])
    // Ids that were in use once are not given again.
    let one = try directory.write(gaussianNpy(1, 64, seed: 3), to: "z.npy")
    #expect(
      run("index", "add", index, one, "--tags", try text("t0")).output.contains("ids 12 … 12"))
    #expect(run("index", "verify", index).exitCode == .done)
  }

  @Test("A search is limited to rows of some tags, or of some ids")
  func only() throws {
    let query = try directory.write(gaussianNpy(1, 64), to: "q.npy")
    func found(_ options: String...) throws -> [String] {
      try run(["index", "search", index, query, "--json"] + options).object()["results"]
        .map { try #require($0 as? [[String: Any]]) }?.flatMap {
          try #require($0["hits"] as? [[String: Any]]).compactMap { $0["tag"] as? String }
        } ?? []
    }
    #expect(try found("--only-tags", "t9,t0,nobody").sorted() == ["t0", "t9"])
    #expect(try found("--only-tags", "@\(text("t7", "t0", "t7"))").sorted() == ["t0", "t7"])
    #expect(try found("--only", "3").sorted() == ["t3"])
    #expect(try found("--only-tags", "nobody") == [])
    #expect(run("index", "search", index, query, "--only-tags", "nobody").error.isEmpty)
    // Any word can be a tag; one that is a file's name may be meant as such.
    let hint = run("index", "search", index, query, "--only-tags", tags)
    #expect(hint.exitCode == .done && hint.output.contains("nothing"))
    #expect(hint.error.contains("write @\(tags) to read tags from the file"), "\(hint.error)")
  }

  @Test("Merged rows keep their tags and get new ids, and the report says so")
  func merge() throws {
    let other = try directory.write(gaussianNpy(2, 64, seed: 2), to: "y.npy")
    let paths = try ["a", "b"].map { name in
      let path = directory.file("\(name).tqi")
      let names = try text("\(name)1", "\(name)2")
      try #require(run("index", "build", other, "-o", path, "--tags", names).exitCode == .done)
      return path
    }
    let merged = directory.file("m.tqi")
    let command = ["index", "merge", index, paths[0], paths[1], "-o", merged]
    let outcome = run(command)
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    #expect(outcome.output.contains("4 rows added, ids 12 … 15 in place of their own; 16 rows in"))
    let report = try run(command + ["--json"]).object()
    #expect(report["first_id"] as? Int == 12 && report["last_id"] as? Int == 15)
    let all = try rows(merged)
    #expect(all["t11"] == 11 && all["a1"] == 12 && all["b2"] == 15 && all.count == 16)
    #expect(run("index", "verify", merged).exitCode == .done)
    // Rows without tags keep their ids.
    let (x, y) = (directory.file("x0.tqi"), directory.file("y0.tqi"))
    #expect(run("index", "build", other, "-o", x).exitCode == .done)
    #expect(run("index", "build", other, "-o", y, "--ids", "7,9").exitCode == .done)
    let plain = run("index", "merge", x, y, "-o", directory.file("z0.tqi"))
    #expect(plain.output.contains("2 rows added; 4 rows"), "\(plain.output)")
  }
}
