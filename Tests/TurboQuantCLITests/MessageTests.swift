import Foundation
import TestSupport
import Testing

@testable import TurboQuantCLI

/// What the program says: advice that can be followed, and warnings where a result may surprise.
@Suite("Messages")
struct MessageTests {
  /// Every option of every command, with its dashes.
  static let options = Set(
    Program.commands.flatMap(\.options).map { "--\($0.name)" } + ["--help", "--version"])

  @Test("Every option that the sources name exists")
  func optionsOfSources() throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources")
    let names = try FileManager.default.subpathsOfDirectory(atPath: sources.path)
    var count = 0
    for name in names where name.hasSuffix(".swift") {
      let text = try String(contentsOf: sources.appending(path: name), encoding: .utf8)
      for match in text.matches(of: /--[a-z][a-z-]*[a-z]/) {
        let option = String(text[match.range])
        // In a comment on the parser, any option.
        guard option != "--name" else { continue }
        count += 1
        #expect(Self.options.contains(option), "\(name): \(option)")
      }
    }
    #expect(count > 80)
  }

  @Test("Every option that the documents name exists")
  func optionsOfDocuments() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let documents = ["CommandLine", "FileFormat", "Performance"].map { "Documentation/\($0).md" }
    for name in documents + ["README.md"] {
      let text = try String(contentsOf: root.appending(path: name), encoding: .utf8)
      for line in text.split(separator: "\n") where line.contains("turboquant ") {
        // Options before the program's name are those of Swift.
        let words = line[line.firstRange(of: "turboquant ").map(\.upperBound)!...]
        for match in words.matches(of: /--[a-z][a-z-]*[a-z]/) {
          let option = String(words[match.range])
          #expect(Self.options.contains(option), "\(name): \(option)")
        }
      }
    }
  }

  @Test("A zero row under cosine is refused with advice that this command can follow")
  func zeroRows() throws {
    let directory = try Scratch()
    let x = try directory.write(npy(shape: [2, 2], [1, 1, 0, 0]), to: "x.npy")
    let out = directory.file("x.tqi")
    let build = run("index", "build", x, "-o", out, "--metric", "cosine")
    #expect(
      build.error
        == "error: \(x): row 1 is the zero vector, which has no direction — leave it out, "
        + "or build the index with --metric ip or l2\n")
    for metric in ["ip", "l2"] {
      #expect(run("index", "build", x, "-o", out, "--metric", metric).exitCode == .done)
    }
    let encode = ["encode", x, "-o", directory.file("x.tqv")]
    #expect(
      run(encode + ["--normalization", "unit"]).error.hasSuffix(
        "— leave it out, or leave out --normalization unit\n"))
    #expect(run(encode).exitCode == .done)
  }

  @Test("A file without rows is named, by every command that reads vectors")
  func emptyFiles() throws {
    let directory = try Scratch()
    let empty = try directory.write(npy(shape: [0, 8], []), to: "empty.npy")
    let warning = "warning: \(empty) has no rows — is it the right file?\n"
    let index = directory.file("x.tqi")
    let built = run("index", "build", empty, "-o", index)
    #expect(built.exitCode == .done && built.error == warning)
    #expect(built.output.contains("Fill it: turboquant index add \(index) VECTORS.npy"))
    #expect(run("index", "add", index, empty).error == warning)
    #expect(run("index", "search", index, empty).error == warning)
    #expect(run("encode", empty, "-o", directory.file("x.tqv")).error == warning)
    let evaluated = run("evaluate", empty)
    #expect(evaluated.exitCode == .failed)
    #expect(evaluated.error.contains("0 rows, expected at least 2 — is it the right file?"))
  }

  @Test("A metric is not explained by its own name")
  func metricNames() throws {
    let directory = try Scratch()
    let x = try directory.write(gaussianNpy(3, 8), to: "x.npy")
    for (metric, words) in [
      ("cosine", "metric            cosine\n"), ("ip", "ip: inner product\n"),
      ("l2", "l2: squared Euclidean distance\n"),
    ] {
      let path = directory.file("x.tqi")
      #expect(run("index", "build", x, "-o", path, "--metric", metric).exitCode == .done)
      #expect(run("inspect", path).output.contains(words))
    }
  }

  @Test("A row that is too long is named by its place in the file, whatever the blocks")
  func longRow() throws {
    let directory = try Scratch()
    // A block is 2²⁰ numbers: the last row is the first of the second block.
    let (rows, columns) = (17, 1 << 16)
    var values = [Float](repeating: 1, count: rows * columns)
    for i in (rows - 1) * columns..<rows * columns { values[i] = 0x1p62 }
    let x = try directory.write(npy(shape: [rows, columns], values), to: "x.npy")
    let outcome = run("index", "build", x, "-o", directory.file("x.tqi"))
    #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
    #expect(outcome.error.contains("x.npy: row 16 has the length 1.180"), "\(outcome.error)")
  }

  @Test("No error breaks its line or steers the terminal")
  func controlCharacters() {
    let outcome = run("encode", "a\u{1B}[2J\nb.npy", "-o", "x.tqv")
    #expect(outcome.errorLines.count == 1 && outcome.error.contains("a\\u{1B}[2J\\nb.npy"))
    let wrong = run("encode", "x.npy", "-o", "x.tqv", "--seed", "1\u{1B}[2J")
    #expect(wrong.errorLines.count == 2 && wrong.error.contains("“1\\u{1B}[2J”"))
  }
}
