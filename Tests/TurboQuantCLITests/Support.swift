import Foundation
import Synchronization
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
func shell(_ script: String, in directory: TemporaryDirectory) throws -> Outcome {
  let (process, output, error) = (Process(), Pipe(), Pipe())
  process.executableURL = URL(filePath: "/bin/sh")
  process.arguments = ["-c", script]
  process.currentDirectoryURL = directory.url
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

/// A number from the environment, by which longer tests are asked for.
func environmentNumber(_ name: String, default value: Int) -> Int {
  ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? value
}

/// A directory that lives as long as a test.
final class TemporaryDirectory {
  /// Its place.
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "turboquant-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of a file inside.
  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes a file and returns its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: url.appendingPathComponent(name))
    return path(name)
  }

  /// The names of all files inside, hidden ones too.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

/// The bytes of a `.npy` file.
func npy(
  shape: [Int], _ values: [Float], type: String = "<f4", fortran: Bool = false
) -> [UInt8] {
  let sizes = shape.map { "\($0)," }.joined(separator: " ")
  var header =
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(sizes)), }"
  header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
  let length = UInt16(header.utf8.count)
  let preamble: [UInt8] = [
    0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(length & 0xFF), UInt8(length >> 8),
  ]
  return preamble + Array(header.utf8)
    + values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
    }
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
