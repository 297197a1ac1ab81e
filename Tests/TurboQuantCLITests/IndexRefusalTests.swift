import Foundation
import TestSupport
import Testing

@testable import TurboQuantCLI

/// What goes wrong with an index: exit code 1, one line that names the place, nothing changed.
@Suite("Index refusals")
struct IndexRefusalTests {
  /// A command, whose words that begin with a slash are files in the test's directory, and a piece
  /// of its error.
  static let cases: [(words: [String], error: String)] = [
    (["build", "/none.npy", "-o", "/out.tqi"], "none.npy: no such file"),
    (["build", "/x.npy", "-o", "/none/out.tqi"], "there is no folder"),
    (["build", "/x.npy", "-o", "/"], "is a directory"),
    (["build", "/text.npy", "-o", "/out.tqi"], "text.npy: not a .npy file"),
    (["build", "/nan.npy", "-o", "/x.tqi"], "row 1, column 2"),
    (["build", "/zero.npy", "-o", "/x.tqi", "--metric", "cosine"], "zero.npy: row 2 is the zero"),
    (["build", "/zero.npy", "-o", "/x.tqi", "--metric", "cosine", "--center"], "row 2 is the"),
    (["build", "/empty.npy", "-o", "/x.tqi", "--center"], "empty.npy: no rows"),
    (["build", "/zero.npy", "-o", "/x.tqi", "--metric", "cosine"], "--metric ip or l2"),
    (["add", "/cosine.tqi", "/zero.npy"], "zero.npy: row 2 is the zero vector"),
    (["build", "/x.npy", "-o", "/out.tqi", "--ids", "/few.txt"], "few.txt: 2 ids for 20 rows of"),
    (["build", "/x.npy", "-o", "/out.tqi", "--ids", "/twice.txt"], "twice.txt: 3 ids"),
    (["build", "/y.npy", "-o", "/out.tqi", "--ids", "/twice.txt"], "line 3: id 5 is line 1"),
    (["build", "/y.npy", "-o", "/out.tqi", "--ids", "/word.txt"], "line 2: “two” is no id"),
    (["build", "/y.npy", "-o", "/out.tqi", "--ids", "/none.txt"], "none.txt: no such file"),
    (["build", "/y.npy", "-o", "/out.tqi", "--ids", "/"], "is a directory"),
    (["add", "/none.tqi", "/y.npy"], "none.tqi: "),
    (["add", "/x.tqi", "/none.npy"], "none.npy: no such file"),
    (["add", "/x.tqi", "/wide.npy"], "wide.npy: vectors of dimension 9, expected 8"),
    (["add", "/x.tqi", "/y.npy", "--ids", "/taken.txt"], "taken.txt: line 2: id 7 is in"),
    (["add", "/x.npy", "/y.npy"], "x.npy: vectors, not an index"),
    (["add", "/x.tqv", "/y.npy"], "x.tqv: codes that"),
    (["add", "/last.tqi", "/y.npy"], "no ids are left"),
    (["remove", "/x.tqi", "--ids", "3,99"], "--ids: entry 2: "),
    (["remove", "/x.tqi", "--ids", "/taken.txt"], "taken.txt: line 1: "),
    (["remove", "/x.tqi", "--ids", "3,3"], "--ids: entry 2: id 3 is entry 1 already"),
    (["remove", "/none.tqi", "--ids", "3"], "none.tqi: "),
    (["merge", "/x.tqi", "/x.tqi", "-o", "/out.tqi"], "x.tqi: id 0 is also in an index before it"),
    (["merge", "/x.tqi", "/seed.tqi", "-o", "/out.tqi"], "seed.tqi: indexes of different"),
    (["merge", "/x.tqi", "/last.tqi", "-o", "/none/out.tqi"], "there is no folder"),
    (["search", "/x.tqi", "/wide.npy"], "wide.npy: vectors of dimension 9, expected 8"),
    (["search", "/x.tqi", "/y.npy", "--rerank", "10"], "keeps no originals"),
    (["search", "/x.tqi", "/y.npy", "--query-labels", "/few.txt"], "2 lines for the 3 rows"),
    (["search", "/x.tqi", "/y.npy", "--labels", "/none.txt"], "none.txt: no such file"),
    (["search", "/damaged.tqi", "/y.npy"], "damaged.tqi: damaged"),
    (["add", "/damaged.tqi", "/y.npy"], "damaged.tqi: damaged"),
    (["verify", "/damaged.tqi"], "damaged.tqi: damaged"),
    (["info", "/cut.tqi"], "cut.tqi: is cut short"),
    (["info", "/text.txt"], "text.txt: not a TurboQuant container"),
    (["info", "/blank.tqi"], "blank.tqi: is empty"),
    (["info", "/"], "is a directory"),
  ]

  private func prepare(_ directory: Scratch) throws {
    let x = try directory.write(gaussianNpy(20, 8), to: "x.npy")
    let y = try directory.write(gaussianNpy(3, 8, seed: 2), to: "y.npy")
    let one = [Float](repeating: 1, count: 8)
    _ = try directory.write(gaussianNpy(3, 9), to: "wide.npy")
    _ = try directory.write(npy(shape: [2, 8], one + [1, 1, .nan, 1, 1, 1, 1, 1]), to: "nan.npy")
    _ = try directory.write(npy(shape: [3, 8], one + one + one.map { _ in 0 }), to: "zero.npy")
    _ = try directory.write(npy(shape: [0, 8], []), to: "empty.npy")
    let texts = [
      "text.npy": "one, two, three\n", "text.txt": "one, two, three\n", "few.txt": "1\n2\n",
      "twice.txt": "5\n6\n5\n", "word.txt": "1\ntwo\n3\n", "taken.txt": "100\n7\n101\n",
      "blank.tqi": "",
    ]
    for (name, text) in texts { _ = try directory.write(Array(text.utf8), to: name) }
    let path = directory.file("x.tqi")
    #expect(run("encode", x, "-o", directory.file("x.tqv")).exitCode == .done)
    #expect(run("index", "build", x, "-o", path).exitCode == .done)
    let cosine = run(
      "index", "build", x, "-o", directory.file("cosine.tqi"), "--metric", "cosine")
    #expect(cosine.exitCode == .done)
    let seeded = run("index", "build", y, "-o", directory.file("seed.tqi"), "--seed", "9")
    #expect(seeded.exitCode == .done)
    let ids = "1,2,\(UInt64.max)"
    let last = run("index", "build", y, "-o", directory.file("last.tqi"), "--ids", ids)
    #expect(last.exitCode == .done, "\(last.error)")
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    _ = try directory.write(Array(bytes.dropLast(64)), to: "cut.tqi")
    // The last but one mebibyte's end holds padding and checksums; codes lie in the middle.
    bytes[try codeOffset(path)] ^= 1
    _ = try directory.write(bytes, to: "damaged.tqi")
  }

  /// A byte within the section “signs”, found by its entry in the table.
  private func codeOffset(_ path: String) throws -> Int {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let name = Array("signs".utf8)
    let entry = try #require(
      stride(from: 64, to: bytes.count, by: 64).first { Array(bytes[$0..<$0 + 5]) == name })
    return (0..<8).reduce(0) { $0 | Int(bytes[entry + 16 + $1]) << (8 * $1) }
  }

  @Test("A bad input is one line, exit code 1, and no change")
  func refuses() throws {
    let directory = try Scratch()
    try prepare(directory)
    let names = try directory.names
    let before = try names.map {
      try Data(contentsOf: URL(filePath: directory.path).appending(path: $0))
    }
    let indexOptions = Set(
      Program.commands.filter { $0.name.hasPrefix("index ") }.flatMap(\.options).map(\.name))
    for (words, error) in Self.cases {
      let arguments = words.map { $0.hasPrefix("/") ? directory.path + $0 : $0 }
      let outcome = run(["index"] + arguments)
      let message = "\(words.joined(separator: " ")): \(outcome.error)"
      #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1, "\(message)")
      #expect(outcome.error.contains(error), "\(message)")
      #expect(outcome.output.isEmpty)
      // Advice to give an option is for a command that works on indexes.
      for option in outcome.error.matches(of: /--[a-z][a-z-]*[a-z]/) {
        let known = indexOptions.contains(String(outcome.error[option.range].dropFirst(2)))
        #expect(known, "\(message)")
      }
      #expect(try directory.names == names, "\(message)")
    }
    let after = try names.map {
      try Data(contentsOf: URL(filePath: directory.path).appending(path: $0))
    }
    #expect(before == after)
  }

  @Test("An index is not decoded, and the error says what it is")
  func decodesNoIndex() throws {
    let directory = try Scratch()
    let index = directory.file("x.tqi")
    let x = try directory.write(gaussianNpy(20, 8), to: "x.npy")
    #expect(run("index", "build", x, "-o", index).exitCode == .done)
    let outcome = run("decode", index, "-o", directory.file("out.npy"))
    #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
    #expect(outcome.error.contains("x.tqi: an index, not codes"))
    #expect(try directory.names == ["x.npy", "x.tqi"])
  }
}
