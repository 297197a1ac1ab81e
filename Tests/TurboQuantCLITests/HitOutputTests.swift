import Foundation
import TestSupport
import Testing

@testable import TurboQuantCLI

/// Hits for programs: an array of records, and a line of JSON for each query.
@Suite("Hits for programs")
struct HitOutputTests {
  let directory: Scratch
  let index: String
  let queries: String

  init() throws {
    directory = try Scratch()
    let input = try directory.write(gaussianNpy(30, 64), to: "x.npy")
    queries = try directory.write(gaussianNpy(3, 64), to: "q.npy")
    index = directory.file("x.tqi")
    #expect(run("index", "build", input, "-o", index).exitCode == .done)
  }

  /// A hit as `--json` prints it.
  private struct Hit: Equatable {
    let query: Int
    let id: UInt64
    let score: Float
    /// Its standard error and the ends of its interval, with `--errors`.
    let error: [Float]
  }

  private func expected(_ options: [String]) throws -> [Hit] {
    let report = try run(["index", "search", index, queries, "--json"] + options).object()
    let results = try #require(report["results"] as? [[String: Any]])
    return try results.flatMap { try hits(of: $0) }
  }

  private func hits(of result: [String: Any]) throws -> [Hit] {
    let query = try #require(result["query"] as? Int)
    return try #require(result["hits"] as? [[String: Any]]).map { hit in
      Hit(
        query: query, id: UInt64(try #require(hit["id"] as? Int)),
        score: Float(try #require(hit["score"] as? Double)),
        error: ["standard_error", "low", "high"].compactMap {
          (hit[$0] as? Double).map { Float($0) }
        })
    }
  }

  @Test(
    "--output writes records that NumPy reads, as many as there are hits",
    arguments: [["--count", "4"], ["--count", "4", "--errors"], ["--within", "0.2"]])
  func table(options: [String]) throws {
    let path = directory.file("hits.npy")
    let outcome = run(["index", "search", index, queries, "--output", path] + options)
    #expect(outcome.exitCode == .done && outcome.error.isEmpty, "\(outcome.error)")
    let hits = try expected(options)
    #expect(outcome.output == "\(path): \(hits.count) hits of 3 queries\n")
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let hasErrors = options.contains("--errors")
    let fields =
      "('query', '<i8'), ('id', '<u8'), ('score', '<f4')"
      + (hasErrors ? ", ('standard_error', '<f4'), ('low', '<f4'), ('high', '<f4')" : "")
    let header = "{'descr': [\(fields)], 'fortran_order': False, 'shape': (\(hits.count),), }"
    let length = Int(bytes[8]) | Int(bytes[9]) << 8
    #expect((10 + length) % 64 == 0)
    let text = String(decoding: bytes[10..<10 + length], as: UTF8.self)
    #expect(text.trimmingCharacters(in: .whitespacesAndNewlines) == header)
    let size = hasErrors ? 32 : 20
    try #require(bytes.count == 10 + length + size * hits.count)
    for (row, hit) in hits.enumerated() {
      let start = 10 + length + size * row
      func number(_ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[start + offset + $1]) << UInt64(8 * $1) }
      }
      func float(_ offset: Int) -> Float { Float(bitPattern: UInt32(number(offset, 4))) }
      let found = Hit(
        query: Int(number(0, 8)), id: number(8, 8), score: float(16),
        error: hasErrors ? [float(20), float(24), float(28)] : [])
      #expect(found == hit)
    }
  }

  @Test("--json-lines prints a line for each query, with the fields of --json")
  func lines() throws {
    let outcome = run("index", "search", index, queries, "--count", "4", "--errors", "--json-lines")
    #expect(outcome.exitCode == .done && outcome.error.isEmpty)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 3)
    let hits = try lines.flatMap { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      let result = try #require(object as? [String: Any])
      #expect(Set(result.keys) == ["query", "label", "hits"])
      return try self.hits(of: result)
    }
    #expect(try hits == expected(["--count", "4", "--errors"]))
  }

  @Test("Hits are not written over what is searched, by whatever name")
  func inputsAreKept() throws {
    let manager = FileManager.default
    let ids = try directory.write(npy(shape: [1], integers: [3]), to: "ids.npy")
    try manager.createSymbolicLink(
      atPath: directory.file("link.npy"), withDestinationPath: "x.tqi")
    try manager.linkItem(atPath: queries, toPath: directory.file("hard.npy"))
    for name in ["q.npy", "hard.npy", "link.npy", "ids.npy"] {
      let before = try Data(contentsOf: URL(filePath: directory.file(name)))
      let outcome = run(
        "index", "search", index, queries, "--only", "@\(ids)", "-o", directory.file(name))
      #expect(
        outcome.exitCode == .failed && outcome.error.contains("is the same file as the input"))
      #expect(try Data(contentsOf: URL(filePath: directory.file(name))) == before)
    }
  }

  @Test("One form at a time, in a file that NumPy takes for its own")
  func refusals() throws {
    for (options, error) in [
      (["--json", "--json-lines"], "--json and --json-lines exclude one another"),
      (["-o", "h.npy", "--json"], "--output and --json exclude one another"),
      (["-o", "h.npy", "--labels", "x"], "--labels goes with --json-lines"),
      (["-o", "h.npy", "--query-labels", "x"], "--query-labels goes with --json-lines"),
      (["--only", "1", "--only-tags", "a"], "--only and --only-tags exclude one another"),
      (["-o", "h.txt"], "--output takes a name that ends in .npy, not “h.txt”"),
    ] {
      let outcome = run(["index", "search", index, queries] + options)
      #expect(outcome.exitCode == .wrongUse && outcome.error.contains(error), "\(outcome.error)")
    }
    let missing = directory.file("none/h.npy")
    #expect(run("index", "search", index, queries, "-o", missing).error.contains("no folder"))
  }
}
