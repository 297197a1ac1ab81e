import Foundation
import Testing

@testable import TurboQuantCLI

/// The built program, killed while it writes.
@Suite("Killed")
struct KilledTests {
  /// The program that was built beside the tests.
  private static func program() -> URL? {
    var directory = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    // Beside the test runner on Linux, beside the test bundle that contains it on Apple platforms.
    for _ in 0..<4 {
      let candidate = directory.appending(path: "turboquant")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
      directory = directory.deletingLastPathComponent()
    }
    return nil
  }

  @Test("An encode that is killed leaves the target as it was", arguments: [false, true])
  func encodeKilled(targetExists: Bool) throws {
    let directory = try TemporaryDirectory()
    let target = directory.path("out.tqv")
    let old: [UInt8] = Array("what was there before".utf8)
    if targetExists { _ = try directory.write("out.tqv", old) }

    let program = try #require(Self.program(), "turboquant is not built beside the tests")
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
    // What is left is hidden and does not stand in the way of the next attempt.
    #expect(try directory.names.allSatisfy { $0 == "out.tqv" || $0.hasPrefix(".out.tqv.tmp-") })
    let whole = try directory.write("x.npy", gaussianNpy(100, 64))
    #expect(run("encode", whole, "-o", target).exitCode == .done)
    #expect(run("verify", target).exitCode == .done)
  }

  private func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<6000 {
      if try condition() { return true }
      usleep(10_000)
    }
    return false
  }
}

extension TemporaryDirectory {
  /// The size of the hidden file of an encode in progress, 0 without one.
  fileprivate var sizeOfTemporary: Int {
    get throws {
      guard let name = try names.first(where: { $0.hasPrefix(".out.tqv.tmp-") }) else { return 0 }
      let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
      return attributes[.size] as? Int ?? 0
    }
  }
}
