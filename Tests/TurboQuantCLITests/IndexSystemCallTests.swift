import Foundation
import TestSupport
import Testing
import TurboQuantStorage

@testable import TurboQuantCLI

/// Each system call of a command that writes an index failing in turn.
@Suite("System calls of index commands")
struct IndexSystemCallTests {
  private func run(_ plan: FaultInjection, _ arguments: [String]) -> Outcome {
    FaultInjection.$current.withValue(plan) { TurboQuantCLITests.run(arguments) }
  }

  /// A command on the file x.tqi, and whether that is there before.
  static let commands: [(words: [String], targetExists: Bool)] = [
    (["build", "/x.npy", "-o", "/x.tqi", "--originals", "float16"], false),
    (["build", "/x.npy", "-o", "/x.tqi", "--center"], true),
    (["add", "/x.tqi", "/x.npy"], true),
    (["add", "/x.tqi", "/x.npy", "--ids", "/ids.txt", "--upsert"], true),
    (["remove", "/x.tqi", "--ids", "3,4"], true),
    (["merge", "/y.tqi", "/z.tqi", "-o", "/x.tqi"], true),
  ]

  // ENOSPC and EIO have these numbers on Linux and on Apple platforms.
  @Test(
    "A clear error and the old index, or the new one whole", arguments: 0..<commands.count,
    [28, 5] as [Int32])
  func change(number: Int, code: Int32) throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(40, 8), to: "x.npy")
    _ = try directory.write(Array((20..<60).map { "\($0)\n" }.joined().utf8), to: "ids.txt")
    let (target, other) = (directory.file("x.tqi"), directory.file("y.tqi"))
    let ids = (100..<140).map(String.init).joined(separator: ",")
    let built = [["-o", target], ["-o", other, "--ids", ids], ["-o", directory.file("z.tqi")]].map {
      TurboQuantCLITests.run(["index", "build", input] + $0)
    }
    try #require(built.allSatisfy { $0.exitCode == .done })
    let (words, targetExists) = Self.commands[number]
    let old = try Data(contentsOf: URL(filePath: target))
    func prepare() throws {
      try? FileManager.default.removeItem(atPath: target)
      if targetExists { try old.write(to: URL(filePath: target)) }
    }
    let arguments = ["index"] + words.map { $0.hasPrefix("/") ? directory.path + $0 : $0 }
    try prepare()
    let undisturbed = FaultInjection()
    #expect(run(undisturbed, arguments).exitCode == .done)
    let new = try Data(contentsOf: URL(filePath: target))
    let calls = undisturbed.calls
    let renaming = try #require(calls.firstIndex(of: .rename))

    for (index, call) in calls.enumerated() {
      try prepare()
      let outcome = run(FaultInjection(failing: index, code: code), arguments)
      let found = try? Data(contentsOf: URL(filePath: target))
      if outcome.exitCode == .done {
        // Nothing that was read or written depends on these: a look at what the index's file is, before it
        // is opened as one, and its size for the report.
        let isLook = [.open, .fstat, .pread].contains(call) && index < renaming
        let isReport = call == .stat && index > renaming
        #expect(
          isLook || isReport || [.close, .munmap, .madvise, .opendir].contains(call),
          "\(call), call \(index)")
        #expect(found == new)
      } else {
        #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
        #expect(outcome.error.contains(directory.path), "\(outcome.error)")
        let isReplaced = index > renaming
        #expect(found == (isReplaced ? new : targetExists ? old : nil), "\(call), call \(index)")
      }
      let expected = (found == nil ? [] : ["x.tqi"]) + ["ids.txt", "x.npy", "y.tqi", "z.tqi"]
      #expect(try directory.names == expected.sorted(), "\(call), call \(index)")
    }
  }
}
