import Foundation
import TestSupport
import Testing
import TurboQuantEvaluation

@testable import TurboQuantCLI

@Suite("Index commands")
struct IndexCommandTests {
  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  /// The ids that each query of a search found.
  private func found(_ arguments: String...) throws -> [[Int]] {
    let outcome = run(["index", "search"] + arguments + ["--json"])
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    let results = try #require(try outcome.object()["results"] as? [[String: Any]])
    return try results.map { result in
      try #require(result["hits"] as? [[String: Any]]).map { try #require($0["id"] as? Int) }
    }
  }

  @Test("Build, info, verify and search; threads change no byte", arguments: [false, true])
  func build(isCentred: Bool) throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(1500, 100), to: "x.npy")
    let options = isCentred ? ["--center", "--metric", "l2"] : []
    var files: [Data] = []
    for threads in [1, 3] {
      let output = directory.file("x\(threads).tqi")
      let outcome = run(
        ["index", "build", input, "-o", output, "--threads", "\(threads)"] + options)
      #expect(outcome.exitCode == .done && outcome.error.isEmpty, "\(outcome.error)")
      files.append(try bytes(output))
    }
    #expect(files[0] == files[1])
    let path = directory.file("x1.tqi")
    for words in [["index", "verify"], ["verify"], ["index", "info"], ["inspect"]] {
      let outcome = run(words + [path])
      #expect(outcome.exitCode == .done && outcome.output.contains("1,500"), "\(outcome.error)")
      #expect(try run(words + [path, "--json"]).object()["count"] as? Int == 1500)
    }
    #expect(run("index", "info", path).output.contains("centered") == isCentred)
    // At four bits a row's score with itself is many deviations above that with any other.
    let queries = try directory.write(gaussianNpy(20, 100), to: "q.npy")
    #expect(try found(path, queries, "--count", "1") == (0..<20).map { [$0] })
    #expect(try found(path, queries, "--count", "1", "--exactness", "exhaustive").count == 20)
  }

  @Test("What is added in parts, merged or built at once is the same file")
  func parts() throws {
    let directory = try Scratch()
    let (all, first) = (gaussianNpy(70, 16), 40)
    let values = VectorSet.gaussian(count: 70, dimension: 16, seed: 1).values
    let whole = try directory.write(all, to: "all.npy")
    let head = try directory.write(
      npy(shape: [first, 16], Array(values[..<(first * 16)])), to: "head.npy")
    let tail = try directory.write(
      npy(shape: [70 - first, 16], Array(values[(first * 16)...])), to: "tail.npy")
    let ids = try directory.write(
      Array((first..<70).map { "\($0)\r\n" }.joined().utf8), to: "ids.txt")
    let paths = ["all", "added", "a", "b", "merged"].map { directory.file("\($0).tqi") }
    let options = ["--originals", "float16", "--bits", "3"]
    let commands = [
      ["build", whole, "-o", paths[0]] + options, ["build", head, "-o", paths[1]] + options,
      ["add", paths[1], tail], ["build", head, "-o", paths[2]] + options,
      ["build", tail, "-o", paths[3], "--ids", "@\(ids)"] + options,
      ["merge", paths[2], paths[3], "-o", paths[4]],
    ]
    for command in commands {
      let outcome = run(["index"] + command)
      #expect(outcome.exitCode == .done, "\(outcome.error)")
      if command[0] == "add" { #expect(outcome.output.contains("30 rows added, ids 40 … 69")) }
    }
    #expect(try bytes(paths[1]) == bytes(paths[0]))
    #expect(try bytes(paths[4]) == bytes(paths[0]))
  }

  @Test("Rows are replaced and removed, by a list or a file of ids")
  func changes() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(10, 64), to: "x.npy")
    let other = try directory.write(gaussianNpy(3, 64, seed: 2), to: "y.npy")
    let path = directory.file("x.tqi")
    #expect(run("index", "build", input, "-o", path).exitCode == .done)
    let replaced = run("index", "add", path, other, "--ids", "4,5,20", "--upsert", "--json")
    let report = try replaced.object()
    #expect(report["added"] as? Int == 1 && report["replaced"] as? Int == 2)
    #expect(try found(path, other, "--count", "1") == [[4], [5], [20]])
    let ids = try directory.write(Array("20\n4".utf8), to: "ids.txt")
    #expect(run("index", "remove", path, "--ids", ids).output.contains("2 rows removed"))
    #expect(run("index", "remove", path, "--ids", "0,1").exitCode == .done)
    let left = try found(path, other, "--count", "100")
    #expect(left.allSatisfy { $0.sorted() == [2, 3, 5, 6, 7, 8, 9] })
    // Ids that were in use once are not given again.
    #expect(try run("index", "add", path, other, "--json").object()["first_id"] as? Int == 21)
    #expect(run("index", "verify", path).exitCode == .done)
  }

  @Test("A search heeds its filter, its limit, its originals and its labels")
  func search() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(30, 64), to: "x.npy")
    let queries = try directory.write(gaussianNpy(2, 64), to: "q.npy")
    let labels = try directory.write(Array("first\nsecond\u{1B}[2J\n".utf8), to: "labels.txt")
    let path = directory.file("x.tqi")
    let built = run("index", "build", input, "-o", path, "--originals", "float32")
    #expect(built.exitCode == .done)
    #expect(try found(path, queries, "--only", "1,7,99") == [[7, 1], [1, 7]])
    // A row's product with itself is 1, that of independent directions some 1/8.
    #expect(try found(path, queries, "--within", "0.8") == [[0], [1]])
    #expect(try found(path, queries, "--within=-2").map(\.count) == [30, 30])
    #expect(try found(path, queries, "--within=-2", "--count", "4").map(\.count) == [4, 4])
    let shown = run(
      "index", "search", path, queries, "--count", "2", "--rerank", "5", "--errors", "--labels",
      labels, "--query-labels", labels)
    #expect(shown.exitCode == .done, "\(shown.error)")
    // The originals' own scores: ‖x‖² = 1, with no error.
    let lines = shown.output.split(separator: "\n")
    #expect(
      lines.contains { $0.contains(/\b1\.000  ± 0\.000  1\.000 … 1\.000   0  first$/) },
      "\(shown.output)")
    #expect(lines.contains("“first”") && lines.contains("“second\\u{1B}[2J”"))
    #expect(lines.contains { $0.contains("exact inner product with the float32 originals") })
    #expect(run("index", "search", path, queries, "--only", "99").output.contains("nothing"))
  }

  @Test("An empty index is searched, and says so")
  func emptyIndex() throws {
    let directory = try Scratch()
    let input = try directory.write(npy(shape: [0, 8], []), to: "x.npy")
    let queries = try directory.write(gaussianNpy(2, 8), to: "q.npy")
    let path = directory.file("x.tqi")
    #expect(run("index", "build", input, "-o", path).exitCode == .done)
    #expect(try found(path, queries) == [[], []])
    #expect(run("index", "search", path, queries).output.contains("x.tqi has no rows"))
    #expect(run("index", "add", path, queries).output.contains("ids 0 … 1"))
    #expect(run("index", "remove", path, "--ids", "0,1").exitCode == .done)
    #expect(run("index", "verify", path).exitCode == .done)
  }

  @Test("Codes without a certificate are read whole whatever is asked for")
  func uncertified() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(40, 64), to: "x.npy")
    let path = directory.file("x.tqi")
    let built = run("index", "build", input, "-o", path, "--two-stage", "--bits", "9")
    #expect(built.exitCode == .done)
    let search = ["index", "search", path, input, "--exactness", "certified", "--json"]
    let report = try run(search).object()
    #expect(report["exactness"] as? String == "exhaustive")
    #expect(report["finished_fraction"] as? Double == 1)
    #expect(run("index", "info", path).output.contains("always read whole"))
  }

  @Test("A mean is of rows, or of their directions, whatever the blocks")
  func mean() {
    var sum = VectorSum(dimension: 2, ofDirections: false)
    sum.add(VectorSet(values: [1, 2, 3, 6], dimension: 2))
    sum.add(VectorSet(values: [2, 1], dimension: 2))
    #expect(sum.mean == [2, 3])
    var directions = VectorSum(dimension: 2, ofDirections: true)
    directions.add(VectorSet(values: [3, 0, 0, 5], dimension: 2))
    #expect(directions.mean == [0.5, 0.5])
  }
}
