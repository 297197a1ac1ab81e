import Foundation
import TestSupport
import Testing

@testable import TurboQuantCLI

/// The built program, killed while it writes.
@Suite("Killed")
struct KilledTests {
  @Test("An encode that is killed leaves the target as it was", arguments: [false, true])
  func encodeKilled(targetExists: Bool) throws {
    let directory = try Scratch()
    let target = directory.file("out.tqv")
    let old: [UInt8] = Array("what was there before".utf8)
    if targetExists { _ = try directory.write(old, to: "out.tqv") }

    let program = try builtProgram()
    let input = Pipe()
    let process = Process()
    process.executableURL = program
    process.arguments = ["encode", "-", "-o", target]
    process.standardInput = input
    process.standardError = Pipe()
    try process.run()
    defer { if process.isRunning { process.terminate() } }
    // Half of what the header promises: the program has written rows and waits for more.
    let bytes = gaussianNpy(20_000, 64)
    try input.fileHandleForWriting.write(contentsOf: bytes[..<(bytes.count / 2)])
    let isWriting = try waitUntil { try directory.sizeOfTemporary > 0 }
    try #require(isWriting, "no temporary file appeared within a minute")
    #expect(kill(process.processIdentifier, SIGKILL) == 0)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)

    #expect(FileManager.default.fileExists(atPath: target) == targetExists)
    if targetExists { #expect(try Data(contentsOf: URL(filePath: target)) == Data(old)) }
    // What is left is hidden, and the next attempt removes it.
    #expect(
      try directory.names.allSatisfy { $0 == "out.tqv" || $0.hasPrefix(".out.tqv.turboquant-") })
    let whole = try directory.write(gaussianNpy(100, 64), to: "x.npy")
    #expect(run("encode", whole, "-o", target).exitCode == .done)
    #expect(run("verify", target).exitCode == .done)
    #expect(try directory.names == ["out.tqv", "x.npy"])
  }

  /// Starts an index command that reads vectors from a pipe.
  private func start(_ arguments: [String]) throws -> (Process, Pipe) {
    let program = try builtProgram()
    let (process, input) = (Process(), Pipe())
    process.executableURL = program
    process.arguments = ["index"] + arguments
    process.standardInput = input
    process.standardOutput = Pipe()
    process.standardError = Pipe()
    try process.run()
    return (process, input)
  }

  @Test(
    "An index command that is killed leaves the old index or the new one",
    arguments: ["build", "add"], [false, true])
  func indexKilled(verb: String, isSaving: Bool) throws {
    // On a busy machine a command may be done before it is noticed that it saves.
    for _ in 0..<20 { if try killIndex(verb, isSaving: isSaving) { return } }
    Issue.record("it ended before it was killed, 20 times")
  }

  /// Kills one command and looks at what it leaves; false where it was done before.
  private func killIndex(_ verb: String, isSaving: Bool) throws -> Bool {
    let directory = try Scratch()
    let target = directory.file("out.tqi")
    // Originals make a file of some mebibytes, which takes longer to write than to notice.
    let old = try directory.write(gaussianNpy(50, 512, seed: 2), to: "old.npy")
    #expect(run("index", "build", old, "-o", target, "--originals", "float32").exitCode == .done)
    let before = try Data(contentsOf: URL(filePath: target))
    let (process, input) = try start(
      verb == "add"
        ? ["add", target, "-"] : ["build", "-", "-o", target, "--originals", "float32"])
    defer { if process.isRunning { process.terminate() } }
    let bytes = gaussianNpy(4_000, 512)
    if isSaving {
      try input.fileHandleForWriting.write(contentsOf: bytes)
      try input.fileHandleForWriting.close()
      let isWriting = try waitUntil(every: 500) {
        try directory.names.contains { $0.hasPrefix(".out.tqi.turboquant-") } || !process.isRunning
      }
      try #require(isWriting, "no temporary file appeared")
    } else {
      // All but what a pipe holds has then been read.
      try input.fileHandleForWriting.write(contentsOf: bytes[..<(bytes.count / 2)])
    }
    let isAlive = kill(process.processIdentifier, SIGKILL) == 0
    process.waitUntilExit()
    guard isAlive, process.terminationReason == .uncaughtSignal else { return false }

    let names = try directory.names.filter { $0 != "old.npy" && $0 != "out.tqi" }
    let after = try Data(contentsOf: URL(filePath: target))
    // A temporary file that is gone has become the target.
    #expect(after == before || isSaving && names.isEmpty)
    #expect(run("index", "verify", target).exitCode == .done)
    #expect(
      names.count <= (isSaving ? 1 : 0) && names.allSatisfy { $0.hasPrefix(".out.tqi.turboquant-") }
    )
    // What is left is hidden, and the next attempt removes it.
    #expect(run("index", "add", target, old).exitCode == .done)
    #expect(try directory.names == ["old.npy", "out.tqi"])
    return true
  }

  private func waitUntil(
    every microseconds: UInt32 = 10_000, _ condition: () throws -> Bool
  ) rethrows -> Bool {
    for _ in 0..<60_000_000 / microseconds {
      if try condition() { return true }
      usleep(microseconds)
    }
    return false
  }
}

extension Scratch {
  /// The size of the hidden file of an encode in progress, 0 without one.
  fileprivate var sizeOfTemporary: Int {
    get throws {
      guard let name = try names.first(where: { $0.hasPrefix(".out.tqv.turboquant-") }) else {
        return 0
      }
      let attributes = try FileManager.default.attributesOfItem(atPath: file(name))
      return attributes[.size] as? Int ?? 0
    }
  }
}
