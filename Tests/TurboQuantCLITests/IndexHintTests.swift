import Foundation
import TestSupport
import Testing
import TurboQuantEvaluation

@testable import TurboQuantCLI

/// What `index build` suggests on standard error, and when it holds its tongue.
@Suite("Index hints")
struct IndexHintTests {
  private let directory: Scratch

  init() throws { directory = try Scratch() }

  /// Builds an index of rows about a point on the diagonal, and returns the hints.
  private func hints(
    of rows: [Float], dimension: Int, _ options: String..., json: Bool = false
  ) throws -> [String] {
    let input = try directory.write(
      npy(shape: [rows.count / dimension, dimension], rows), to: "x.npy")
    let outcome = run(
      ["index", "build", input, "-o", directory.file("x.tqi")] + options + (json ? ["--json"] : []))
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    if json { #expect(try outcome.object()["count"] as? Int == rows.count / dimension) }
    // A file without rows is warned of; all else is a hint.
    let lines = outcome.errorLines.filter { !rows.isEmpty || !$0.hasSuffix("the right file?") }
    #expect(lines.allSatisfy { $0.hasPrefix("hint: ") }, "\(outcome.error)")
    return lines.map(String.init)
  }

  /// Rows of deviation 1 in all about a point at `distance`.
  private func cloud(at distance: Float, count: Int = 400, dimension: Int = 64) -> [Float] {
    let shift = distance / Float(dimension).squareRoot()
    return VectorSet.gaussian(count: count, dimension: dimension, seed: 3).values.map { $0 + shift }
  }

  @Test(
    "Centring is suggested where it halves the error",
    arguments: ["ip", "l2", "cosine"])
  func centering(metric: String) throws {
    // Rows' distance from their mean is 1, and that of directions a share of what it is of the length.
    for distance: Float in [0, 0.8, 1.1, 1.4, 1000] {
      let isFar = distance * distance > 1.5
      for json in [false, true] {
        let hints = try hints(
          of: cloud(at: distance), dimension: 64, "--metric", metric, json: json)
        #expect(hints.count == (isFar ? 1 : 0), "\(distance): \(hints)")
        if isFar { #expect(hints[0].contains("with --center")) }
      }
      let input = directory.file("x.npy")
      let centred = run(
        "index", "build", input, "-o", directory.file("x.tqi"), "--metric", metric, "--center")
      #expect(centred.exitCode == .done && centred.error.isEmpty, "\(centred.error)")
    }
  }

  @Test("What a hint says is measured: the mean, the spread, the gain")
  func numbers() throws {
    // So many that every eighth row is looked at; unit vectors about a point, so that the spread is 1.
    let hint = try hints(
      of: cloud(at: 3, count: 16_400, dimension: 4), dimension: 4, "--metric", "l2")[0]
    // Along itself the mean of 2,050 rows is off by 1/√(4 · 2050) = .011, and by three times that seldom.
    #expect(hint.contains(/mean of the rows is (2\.9[789]|3\.0[0123]) long/), "\(hint)")
    #expect(hint.contains(/they are (1(\.0+)?|0\.99\d?) away/), "\(hint)")
    // √(1 + 2 · 9) = 4.36.
    #expect(hint.contains(/err 4\.[34] times less/), "\(hint)")
  }

  @Test("Few rows, the mean of which is long by chance, say nothing")
  func fewRows() throws {
    #expect(try hints(of: cloud(at: 0, count: 3), dimension: 64, "--metric", "l2") == [])
    #expect(try hints(of: [], dimension: 64) == [])
  }

  @Test("The default metric is questioned where rows are not of unit length, a chosen one never")
  func metric() throws {
    let rows = VectorSet.gaussian(count: 100, dimension: 16, seed: 4).values
    #expect(try hints(of: rows, dimension: 16) == [])
    let scaled = rows.enumerated().map { $1 * Float(1 + $0 / 16 % 5) }
    let hints = try hints(of: scaled, dimension: 16)
    #expect(hints.count == 1 && hints[0].contains(/lengths from 1(\.0+)? to 5(\.0+)?,/), "\(hints)")
    #expect(hints[0].contains("--metric cosine"))
    for metric in ["ip", "cosine", "l2"] {
      #expect(try self.hints(of: scaled, dimension: 16, "--metric", metric) == [])
    }
  }

  @Test("Far from the origin float16 originals are questioned too")
  func originals() throws {
    for (distance, count) in [(10, 0), (1000, 1)] as [(Float, Int)] {
      let hints = try hints(
        of: cloud(at: distance), dimension: 64, "--metric", "l2", "--center", "--originals",
        "float16")
      #expect(hints.count == count, "\(hints)")
      #expect(hints.allSatisfy { $0.contains("--originals float32") })
    }
    #expect(
      try hints(
        of: cloud(at: 1000), dimension: 64, "--metric", "l2", "--center", "--originals", "float32")
        == [])
  }

  @Test("Scores that no two vectors have are explained")
  func scores() throws {
    let rows = cloud(at: 0, count: 60)
    for (metric, words) in [("l2", "squared distances below 0"), ("cosine", "cosines beyond ±1")] {
      _ = try hints(
        of: rows, dimension: 64, "--metric", metric, "--bits", "1", "--originals", "float32")
      let found = run("index", "search", directory.file("x.tqi"), directory.file("x.npy"))
      // Of sixty rows with themselves half come out beyond the truth.
      #expect(found.output.contains(words), "\(found.output.suffix(400))")
      let exact = run(
        "index", "search", directory.file("x.tqi"), directory.file("x.npy"), "--rerank", "60")
      #expect(exact.exitCode == .done && !exact.output.contains(words))
    }
    for words in [["index", "search"], ["help", "index", "search"]] {
      let help = words[0] == "help" ? run(words) : run(words + ["--help"])
      #expect(help.output.contains("below 0"), "\(help.output)\(help.error)")
    }
  }

  @Test("A block's rows are named by their place in the file")
  func places() throws {
    // Blocks are of 2²⁰ coordinates; this row is in the second.
    let d = 1 << 16
    var rows = [Float](repeating: 0.01, count: 18 * d)
    func write() throws -> String {
      let bytes = unsafe rows.withUnsafeBytes { unsafe Array($0) }
      return try directory.write(npy(shape: [18, d], []) + bytes, to: "x.npy")
    }
    rows[17 * d + 5] = 1e5
    let input = try write()
    let outcome = run(
      "index", "build", input, "-o", directory.file("y.tqi"), "--originals", "float16")
    #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
    #expect(outcome.error.contains("x.npy: row 17 goes beyond the largest"), "\(outcome.error)")
    #expect(outcome.error.contains("column 5") && outcome.error.contains("--originals float32"))
    rows[17 * d + 5] = 0x1p63
    _ = try write()
    let long = run("index", "build", input, "-o", directory.file("y.tqi"))
    #expect(long.error.contains("row 17 has the length"), "\(long.error)")
    #expect(try directory.names == ["x.npy"])
  }
}
