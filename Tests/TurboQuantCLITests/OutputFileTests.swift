import Foundation
import Synchronization
import TestSupport
import Testing

@testable import TurboQuantCLI

/// Outputs that are refused, and what is said where a report cannot be printed.
@Suite("Output files")
struct OutputFileTests {
  /// Commands with files in the test's directory, and an output that each reads as well.
  static let commands: [(words: [String], output: String)] = [
    (["encode", "/x.npy", "-o"], "/x.npy"), (["decode", "/x.tqv", "-o"], "/x.tqv"),
    (["index", "build", "/x.npy", "-o"], "/x.npy"),
    (["index", "build", "/x.npy", "--ids", "@/ids.txt", "-o"], "/ids.txt"),
    (["index", "build", "/x.npy", "--ids", "/ids.txt", "-o"], "/ids.txt"),
    (["index", "merge", "/x.tqi", "/y.tqi", "-o"], "/x.tqi"),
    (["index", "merge", "/x.tqi", "/y.tqi", "-o"], "/y.tqi"),
    (["index", "build", "/x.npy", "--tags", "/ids.txt", "-o"], "/ids.txt"),
    (["index", "build", "/x.npy", "--tags", "@/ids.txt", "-o"], "/ids.txt"),
    (["benchmark", "search", "--base", "/x.npy", "--results"], "/x.npy"),
    (["benchmark", "search", "--base", "/x.npy", "--queries", "/q.npy", "--results"], "/q.npy"),
  ]

  private func prepare(_ directory: Scratch) throws {
    let x = try directory.write(gaussianNpy(20, 8), to: "x.npy")
    _ = try directory.write(gaussianNpy(3, 8, seed: 2), to: "q.npy")
    _ = try directory.write(Array((20..<40).map { "\($0)\n" }.joined().utf8), to: "ids.txt")
    let made = [
      run("encode", x, "-o", directory.file("x.tqv")),
      run("index", "build", x, "-o", directory.file("x.tqi")),
      run("index", "build", x, "-o", directory.file("y.tqi"), "--ids", directory.file("ids.txt")),
      run("index", "build", x, "-o", directory.file("z.tqi")),
    ]
    try #require(made.allSatisfy { $0.exitCode == .done })
  }

  private func place(_ word: String, _ directory: Scratch) -> String {
    if word.hasPrefix("@/") { return "@" + directory.path + word.dropFirst() }
    return word.hasPrefix("/") ? directory.path + word : word
  }

  @Test("An output that is an input is refused by any name", arguments: 0..<commands.count)
  func outputIsInput(number: Int) throws {
    let (words, output) = Self.commands[number]
    let directory = try Scratch()
    try prepare(directory)
    let path = place(output, directory)
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: directory.file("symbolic"), withDestinationPath: String(output.dropFirst()))
    try manager.linkItem(atPath: path, toPath: directory.file("hard"))
    let before = try Data(contentsOf: URL(filePath: path))
    let names = try directory.names
    for name in [path, directory.file("symbolic"), directory.file("hard")] {
      let outcome = run(words.map { place($0, directory) } + [name])
      #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1, "\(outcome.error)")
      #expect(outcome.error.contains("is the same file as the input"), "\(outcome.error)")
      #expect(outcome.output.isEmpty)
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
      #expect(try directory.names == names)
    }
  }

  @Test("A list of ids is no input file, however long")
  func listedIDs() throws {
    let directory = try Scratch()
    try prepare(directory)
    let ids = (0..<20).map { "\(UInt64.max - 100 + UInt64($0))" }.joined(separator: ",")
    let outcome = run(
      "index", "build", directory.file("x.npy"), "-o", directory.file("x.tqi"), "--ids", ids)
    #expect(outcome.exitCode == .done, "\(outcome.error)")
  }

  @Test("An empty name is no file")
  func emptyName() throws {
    let directory = try Scratch()
    try prepare(directory)
    let outcome = run("encode", directory.file("x.npy"), "-o", "")
    #expect(outcome.exitCode == .wrongUse && outcome.error.contains("--output is empty"))
  }

  @Test("Standard input is an input too")
  func outputIsStandardInput() throws {
    let directory = try Scratch()
    try prepare(directory)
    let before = try Data(contentsOf: URL(filePath: directory.file("x.npy")))
    for verb in ["encode", "index build"] {
      let outcome = try shell("$TQ \(verb) - -o x.npy < x.npy", in: directory)
      #expect(outcome.exitCode == .failed)
      #expect(outcome.error.contains("the same file as the input standard input"))
    }
    #expect(try Data(contentsOf: URL(filePath: directory.file("x.npy"))) == before)
  }

  @Test("A dash is no output", arguments: [0, 1, 2, 5, 9])
  func dash(number: Int) throws {
    let directory = try Scratch()
    try prepare(directory)
    let outcome = run(Self.commands[number].words.map { place($0, directory) } + ["-"])
    #expect(outcome.exitCode == .wrongUse && outcome.output.isEmpty)
    #expect(outcome.error.contains("would be standard output"), "\(outcome.error)")
    #expect(!FileManager.default.fileExists(atPath: "-"))
  }

  @Test("A read-only output is refused before the work", arguments: [0, 1, 2, 5, 9])
  func readOnly(number: Int) throws {
    let directory = try Scratch()
    try prepare(directory)
    let path = try directory.write([1], to: "out")
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    // What comes first in the other refusals is not read.
    let outcome = run(Self.commands[number].words.map { place($0, directory) } + [path])
    #expect(outcome.exitCode == .failed)
    #expect(outcome.error.contains("out: is read-only"), "\(outcome.error)")
    #expect(try Data(contentsOf: URL(filePath: path)) == Data([1]))
  }

  @Test("The other names of what is replaced are told of")
  func hardLinks() throws {
    let directory = try Scratch()
    try prepare(directory)
    let (x, index) = (directory.file("q.npy"), directory.file("x.tqi"))
    try FileManager.default.linkItem(atPath: index, toPath: directory.file("copy"))
    let before = try Data(contentsOf: URL(filePath: index))
    let outcome = run("index", "add", index, x)
    #expect(outcome.exitCode == .done)
    #expect(outcome.error.contains("x.tqi is one of 2 names"), "\(outcome.error)")
    #expect(try Data(contentsOf: URL(filePath: directory.file("copy"))) == before)
    try FileManager.default.linkItem(atPath: index, toPath: directory.file("second"))
    let built = run("index", "build", x, "-o", index)
    #expect(built.exitCode == .done && built.error.contains("one of 2 names"))
  }

  @Test("A change whose report cannot be printed is done, and said to be done")
  func unprintedReports() throws {
    let directory = try Scratch()
    try prepare(directory)
    for words in [
      ["encode", "/x.npy", "-o", "/new.tqv"], ["decode", "/x.tqv", "-o", "/new.npy"],
      ["index", "build", "/x.npy", "-o", "/new.tqi"], ["index", "add", "/x.tqi", "/q.npy"],
      ["index", "remove", "/x.tqi", "--ids", "3"],
      ["index", "merge", "/y.tqi", "/z.tqi", "-o", "/merged.tqi"],
    ] {
      let error = Captured()
      var console = Console(write: { _ in }, writeError: { error.append($0) })
      console.tryWrite = { _ in "the disk is full" }
      let before = try directory.names.map {
        try Data(contentsOf: URL(filePath: directory.file($0)))
      }
      let code = Program.run(words.map { place($0, directory) }, console)
      #expect(code == .done)
      #expect(error.all.hasPrefix("warning: "), "\(error.all)")
      #expect(error.all.contains("is written, but standard output cannot be: the disk is full"))
      #expect(error.all.contains("row"), "the report follows: \(error.all)")
      let after = try directory.names.map {
        try Data(contentsOf: URL(filePath: directory.file($0)))
      }
      #expect(before != after)
    }
  }

  #if os(Linux)
    @Test("A full disk behind standard output does not make a change a failure")
    func fullOutput() throws {
      let directory = try Scratch()
      try prepare(directory)
      let outcome = try shell("$TQ index add x.tqi q.npy > /dev/full", in: directory)
      #expect(outcome.exitCode == .done)
      #expect(outcome.error.contains("x.tqi is written, but standard output cannot be"))
      #expect(outcome.error.contains("3 rows added"))
      let search = try shell("$TQ index info x.tqi > /dev/full", in: directory)
      #expect(search.exitCode == .failed)
      #expect(search.error == "error: standard output cannot be written: No space left on device\n")
    }
  #endif

  @Test("A reader that goes away does not make a change a failure, and ends what only prints")
  func closedPipe() throws {
    let directory = try Scratch()
    try prepare(directory)
    let added = try shell(
      "($TQ index add x.tqi q.npy; echo $? > code) | true; cat code", in: directory)
    #expect(added.output == "0\n")
    #expect(
      try run("index", "info", directory.file("x.tqi"), "--json").object()["count"] as? Int == 23)
    let printed = try shell(
      "(sleep .3; $TQ index info x.tqi; echo $? > code) | true; cat code", in: directory)
    #expect(printed.output == "\(128 + SIGPIPE)\n")
    #expect(printed.error.isEmpty)
  }

  @Test("What is printed to a stream that is closed is written to no file")
  func closedStreams() throws {
    let directory = try Scratch()
    try prepare(directory)
    let (index, copy) = (directory.file("x.tqi"), directory.file("copy"))
    let before = try Data(contentsOf: URL(filePath: index))
    try FileManager.default.linkItem(atPath: index, toPath: copy)
    // The second name makes it print a note while the file is open.
    let outcome = try shell("$TQ index add x.tqi q.npy 1>&- 2>&- 0>&-", in: directory)
    #expect(outcome.exitCode == .done)
    #expect(try Data(contentsOf: URL(filePath: copy)) == before)
    #expect(run("index", "verify", index).exitCode == .done)
    let told = try shell("$TQ index add x.tqi q.npy 1>&-", in: directory)
    #expect(told.exitCode == .done && told.error.contains("x.tqi is written"), "\(told.error)")
  }

  @Test("A name that is not UTF-8 is refused and no other file is touched")
  func namesThatAreNotUTF8() throws {
    let directory = try Scratch()
    try prepare(directory)
    let names = try directory.names
    for words in [
      #"encode x.npy -o "$(printf 'a\377.tqv')""#, #"encode "$(printf 'a\377.npy')" -o b.tqv"#,
      #"index add x.tqi q.npy --ids "@$(printf 'a\377')""#,
      #"index build x.npy "--output=$(printf 'a\377')""#,
    ] {
      let outcome = try shell("$TQ " + words, in: directory)
      #expect(outcome.exitCode == .wrongUse && outcome.output.isEmpty)
      #expect(outcome.error.contains("is not UTF-8"), "\(outcome.error)")
      #expect(try directory.names == names)
    }
  }

  @Test("A file size limit is an error that leaves nothing behind")
  func fileSizeLimit() throws {
    let directory = try Scratch()
    _ = try directory.write(gaussianNpy(4000, 64), to: "x.npy")
    let outcome = try shell("ulimit -f 100; $TQ encode x.npy -o x.tqv --bits 8", in: directory)
    #expect(outcome.exitCode == .failed)
    #expect(outcome.error.contains("write failed"), "\(outcome.error)")
    #expect(try directory.names == ["x.npy"])
  }
}
