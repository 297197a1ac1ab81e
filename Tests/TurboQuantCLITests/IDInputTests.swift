import Foundation
import TestSupport
import Testing

@testable import TurboQuantCLI

/// Ids and labels as they come from files: read as they stand there, or refused; never mended.
@Suite("Ids and labels")
struct IDInputTests {
  let directory: Scratch
  let index: String
  let queries: String

  init() throws {
    directory = try Scratch()
    let input = try directory.write(gaussianNpy(20, 64), to: "x.npy")
    queries = try directory.write(gaussianNpy(1, 64), to: "q.npy")
    index = directory.file("x.tqi")
    #expect(run("index", "build", input, "-o", index).exitCode == .done)
  }

  private func remaining() throws -> [Int] {
    let report = try run("index", "search", index, queries, "--count", "99", "--json").object()
    let results = try #require(report["results"] as? [[String: Any]])
    let hits = try #require(results.first?["hits"] as? [[String: Any]])
    return hits.compactMap { $0["id"] as? Int }.sorted()
  }

  /// What may stand between two numbers without being a line's end.
  static let joints = [
    "\t", "\r", "\u{B}", "\u{C}", "\0", "\u{1}", "\u{1B}", "\u{7F}", "\u{85}", "\u{2028}", " ",
    "\t \t",
    ",", ";", "\u{A0}", "\u{200B}", "\u{FEFF}", "\u{AD}", "_", "\r\r",
  ]

  @Test("Two numbers are never joined to one, whatever stands between them", arguments: joints)
  func neverJoined(joint: String) throws {
    let path = try directory.write(Array("3\n1\(joint)2\n".utf8), to: "ids.txt")
    let outcome = run("index", "remove", index, "--ids", "@\(path)")
    #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
    #expect(outcome.error.contains("ids.txt: line 2: “1"), "\(outcome.error)")
    #expect(try remaining() == Array(0..<20))
  }

  @Test(
    "What editors and systems put around numbers is no part of them",
    arguments: [
      "\u{FEFF}1\n2\n", "1\r\n2\r\n", "\n1\n\n2\n\n\n", " 1\t\n\t2 \n", "1\n2", "01\n002\n",
      "\u{FEFF}\n1\r\n \r\n2",
    ])
  func accepted(text: String) throws {
    let path = try directory.write(Array(text.utf8), to: "ids.txt")
    let outcome = run("index", "remove", index, "--ids", "@\(path)")
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    #expect(try remaining() == [0] + Array(3..<20))
  }

  @Test("Lines are counted with blank ones, rows from 0, entries from 1")
  func places() throws {
    let text = try directory.write(Array("\n1\n\n\n1\n".utf8), to: "ids.txt")
    let array = try directory.write(npy(shape: [3], integers: [4, 7, 4]), to: "ids.npy")
    for (ids, place) in [
      (text, "ids.txt: line 5: id 1 is line 2 already"),
      (array, "ids.npy: row 2: id 4 is row 0 already"),
      ("8,9,8", "--ids: entry 3: id 8 is entry 1 already"),
    ] {
      let outcome = run("index", "remove", index, "--ids", ids)
      #expect(outcome.exitCode == .failed && outcome.error.contains(place), "\(outcome.error)")
    }
    #expect(try remaining() == Array(0..<20))
  }

  @Test("Ids come from arrays of integers")
  func arrays() throws {
    let ids = try directory.write(npy(shape: [2], integers: [4, 7]), to: "ids.npy")
    #expect(run("index", "remove", index, "--ids", ids).output.contains("2 rows removed"))
    #expect(try remaining() == Array(0..<20).filter { $0 != 4 && $0 != 7 })
    let only = run("index", "search", index, queries, "--only", "@\(ids)")
    #expect(only.output.contains("nothing"))
    let floats = run("index", "remove", index, "--ids", queries)
    #expect(floats.exitCode == .failed && floats.error.contains("x.astype(numpy.uint64)"))
  }

  @Test(
    "A list that is written wrong is no file's name",
    arguments: ["-1", "1;2", "1-5", "+3", "1.0", "1 2", "1\t2", "--ids=-1,2"])
  func wrongLists(list: String) throws {
    let option = list.hasPrefix("--") ? [list] : ["--ids", list]
    let outcome = run(["index", "remove", index] + option)
    #expect(outcome.exitCode == .wrongUse)
    let word = list.replacing("--ids=-1,2", with: "-1").replacing("\t", with: "\\t")
    let error =
      "error: --ids takes numbers from 0 to \(UInt64.max) separated by commas, or @FILE, not “\(word)”\n"
    #expect(outcome.error.hasPrefix(error))
  }

  @Test("A text in UTF-16, a device and a line without an end are refused")
  func refused() throws {
    let utf16 = try directory.write([0xFF, 0xFE, 0x31, 0, 0x0A, 0], to: "ids.txt")
    #expect(
      run("index", "remove", index, "--ids", "@\(utf16)").error.contains("UTF-16, expected UTF-8"))
    for option in ["--labels", "--query-labels"] {
      let outcome = run("index", "search", index, queries, option, queries)
      #expect(
        outcome.error.contains("q.npy: line 1: a zero byte, expected text"), "\(outcome.error)")
    }
    for option in ["--labels", "--query-labels", "--only"] {
      let outcome = run("index", "search", index, queries, option, "/dev/zero")
      #expect(outcome.exitCode == .failed && outcome.error.contains("/dev/zero: a line of more"))
    }
  }

  @Test("A label is read as it stands, and shown so that it cannot steer a terminal")
  func labels() throws {
    let text = "\u{FEFF}a\tb\u{1B}[2J\r\n"
    let path = try directory.write(Array(text.utf8), to: "labels.txt")
    let search = ["index", "search", index, queries, "--count", "1", "--labels", path]
    let shown = run(search + ["--query-labels", path])
    #expect(shown.output.contains("“a b\\u{1B}[2J”") && shown.output.contains("0  a b\\u{1B}[2J\n"))
    #expect(shown.error.isEmpty)
    let report = try run(search + ["--json"]).object()
    let results = try #require(report["results"] as? [[String: Any]])
    let hits = try #require(results.first?["hits"] as? [[String: Any]])
    #expect(hits.first?["label"] as? String == "a\tb\u{1B}[2J")
  }

  @Test("Labels of ids of one's own begin with the id and a tab")
  func ownLabels() throws {
    let ids = directory.file("own.tqi")
    let input = try directory.write(gaussianNpy(3, 64), to: "y.npy")
    let built = run("index", "build", input, "-o", ids, "--ids", "70,5,\(UInt64.max)")
    #expect(built.exitCode == .done)
    let search = ["index", "search", ids, queries, "--labels"]
    let own = try directory.write(
      Array("5\tfive\n\n70\tseven\tzero\n\(UInt64.max)\tlast\n6\tnobody\n".utf8), to: "own.txt")
    let shown = run(search + [own])
    #expect(shown.error.isEmpty)
    for label in ["70  seven zero\n", " 5  five\n", "\(UInt64.max)  last\n"] {
      #expect(shown.output.contains(label), "\(shown.output)")
    }
    // By line, id 5 has a label and the others have none.
    let lines = try directory.write(Array("0\n1\n2\n3\n4\nfifth\n".utf8), to: "lines.txt")
    let warned = run(search + [lines])
    #expect(warned.exitCode == .done && warned.output.contains(" 5  fifth\n"))
    #expect(
      warned.error == "warning: \(lines): no label for 2 of the 3 ids found, such as 70 — line i, "
        + "from 0, is for id i; for ids of your own write id, tab and text in every line\n")
    let none = try directory.write(Array("1\tone\n".utf8), to: "none.txt")
    #expect(run(search + [none]).error.contains("no label for any of the 3 ids found, such as 5"))
    for (text, error) in [
      ("5\ta\nb\n", "line 2: expected an id, a tab and a text"),
      ("5\ta\n6\tb\n5\tc\n", "line 3: id 5 is in line 1 already"),
    ] {
      let outcome = run(search + [try directory.write(Array(text.utf8), to: "bad.txt")])
      #expect(outcome.exitCode == .failed && outcome.error.contains(error), "\(outcome.error)")
    }
  }
}
