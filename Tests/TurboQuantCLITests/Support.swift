import Foundation
import Synchronization
import TestSupport
import Testing
import TurboQuantEvaluation

@testable import TurboQuantCLI

/// What a run of the program left behind.
struct Outcome {
  let exitCode: ExitCode
  let output: String
  let error: String

  /// The lines on standard error.
  var errorLines: [Substring] { error.split(separator: "\n") }

  /// Standard output as a JSON object.
  func object() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
  }

  /// Standard output as a JSON array of objects.
  func objects() throws -> [[String: Any]] {
    try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
  }
}

/// Text that arrives on a stream.
final class Captured: Sendable {
  private let text = Mutex("")

  /// Everything that has arrived.
  var all: String { text.withLock { $0 } }

  /// Takes more text.
  func append(_ more: String) { text.withLock { $0 += more } }
}

/// Runs the program in this process.
func run(_ arguments: String...) -> Outcome { run(arguments) }

/// Runs the program in this process.
func run(_ arguments: [String]) -> Outcome {
  let (output, error) = (Captured(), Captured())
  let console = Console(write: { output.append($0) }, writeError: { error.append($0) })
  let code = Program.run(arguments, console)
  return Outcome(exitCode: code, output: output.all, error: error.all)
}

/// The program that was built beside the tests.
func builtProgram() throws -> URL {
  var directory = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
  // Beside the test runner on Linux, beside the test bundle that contains it on Apple platforms.
  for _ in 0..<4 {
    let candidate = directory.appending(path: "turboquant")
    if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    directory = directory.deletingLastPathComponent()
  }
  throw CommandFailure("turboquant is not built beside the tests")
}

/// Runs a script of the shell in a directory, where `$TQ` is the built program.
func shell(_ script: String, in directory: Scratch) throws -> Outcome {
  let (process, output, error) = (Process(), Pipe(), Pipe())
  process.executableURL = URL(filePath: "/bin/sh")
  process.arguments = ["-c", script]
  process.currentDirectoryURL = URL(filePath: directory.path)
  process.environment = ["TQ": try builtProgram().path, "SWIFT_BACKTRACE": "enable=no"]
  process.standardOutput = output
  process.standardError = error
  try process.run()
  // Reports are shorter than what a pipe holds.
  let texts = try [output, error].map {
    String(decoding: try $0.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }
  process.waitUntilExit()
  let code = try #require(ExitCode(rawValue: process.terminationStatus), "\(texts)")
  return Outcome(exitCode: code, output: texts[0], error: texts[1])
}

/// The bytes of a `.npy` file.
func npy(
  shape: [Int], _ values: [Float], type: String = "<f4", fortran: Bool = false
) -> [UInt8] {
  let sizes = shape.map { "\($0)," }.joined(separator: " ")
  return npy(type, "(\(sizes))", fortran: fortran, data: bytes(values))
}

/// The bytes of a `.npy` file of int32.
func npy(shape: [Int], integers: [Int32]) -> [UInt8] {
  npy(shape: shape, integers.map { Float(bitPattern: UInt32(bitPattern: $0)) }, type: "<i4")
}

/// Seeded unit vectors as the bytes of a `.npy` file.
func gaussianNpy(_ count: Int, _ dimension: Int, seed: UInt64 = 1) -> [UInt8] {
  npy(
    shape: [count, dimension],
    VectorSet.gaussian(count: count, dimension: dimension, seed: seed).values)
}
