import Foundation
import TestSupport
import Testing
import TurboQuantStorage

@testable import TurboQuantCLI

/// Each system call of `encode` and `verify` failing in turn.
@Suite("System calls")
struct SystemCallTests {
  // ENOSPC and EIO have these numbers on Linux and on Apple platforms.
  private static let codes: [Int32] = [28, 5]

  private func run(_ plan: FaultInjection, _ arguments: String...) -> Outcome {
    FaultInjection.$current.withValue(plan) { TurboQuantCLITests.run(arguments) }
  }

  @Test(
    "encode: a clear error and the old file, or the new one whole",
    arguments: codes, [false, true])
  func encode(code: Int32, targetExists: Bool) throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(40, 8), to: "x.npy")
    let output = directory.file("x.tqv")
    let old = Array("the old file".utf8)
    func prepare() throws {
      try? FileManager.default.removeItem(atPath: output)
      if targetExists { _ = try directory.write(old, to: "x.tqv") }
    }
    try prepare()
    let undisturbed = FaultInjection()
    #expect(run(undisturbed, "encode", input, "-o", output).exitCode == .done)
    let new = try Data(contentsOf: URL(filePath: output))
    let calls = undisturbed.calls
    let renaming = try #require(calls.firstIndex(of: .rename))
    #expect(calls.contains(.flock) && calls.contains(.opendir))

    for (index, call) in calls.enumerated() {
      try prepare()
      let plan = FaultInjection(failing: index, code: code)
      let outcome = run(plan, "encode", input, "-o", output)
      let found = try? Data(contentsOf: URL(filePath: output))
      if outcome.exitCode == .done {
        // Nothing that was read or written depends on these; the last asks for the size that is reported.
        let isReport = call == .stat && index > renaming
        #expect(
          isReport || [.close, .munmap, .madvise, .opendir].contains(call), "\(call), call \(index)"
        )
        #expect(found == new)
      } else {
        #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
        #expect(outcome.error.contains(directory.path), "\(outcome.error)")
        let isReplaced = index > renaming
        #expect(found == (isReplaced ? new : targetExists ? Data(old) : nil), "\(call)")
      }
      let expected = found == nil ? ["x.npy"] : ["x.npy", "x.tqv"]
      #expect(try directory.names == expected, "\(call), call \(index)")
    }
  }

  @Test("verify: a clear error, never a wrong verdict", arguments: codes)
  func verify(code: Int32) throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(40, 8), to: "x.npy")
    let path = directory.file("x.tqv")
    #expect(TurboQuantCLITests.run("encode", input, "-o", path).exitCode == .done)
    let whole = try Data(contentsOf: URL(filePath: path))
    let undisturbed = FaultInjection()
    #expect(run(undisturbed, "verify", path).exitCode == .done)
    let mapping = try #require(undisturbed.calls.firstIndex(of: .mmap))
    for (index, call) in undisturbed.calls.enumerated() {
      let outcome = run(FaultInjection(failing: index, code: code), "verify", path)
      if outcome.exitCode == .done {
        // Nor on these: a look at what kind of file it is, before it is opened as codes.
        let isLook = [.open, .fstat, .pread].contains(call) && index < mapping
        #expect(isLook || [.close, .munmap, .madvise].contains(call))
      } else {
        #expect(outcome.exitCode == .failed && outcome.errorLines.count == 1)
        #expect(outcome.error.contains(path))
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == whole)
    }
  }
}
