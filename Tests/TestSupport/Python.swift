import Foundation

/// The Python that is there, if any: `python3`, or the interpreter that `TQ_PYTHON` names.
package enum Python {
  private static let interpreter = ProcessInfo.processInfo.environment["TQ_PYTHON"] ?? "python3"

  /// Whether there is one with numpy.
  package static let hasNumpy = (try? run(["-c", "import numpy"]).exitCode) == 0

  /// Runs a script of `Documentation`.
  package static func run(
    _ script: String, _ arguments: [String]
  ) throws -> (exitCode: Int32, output: String, error: String) {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Documentation")
    return try run([folder.appending(path: script).path] + arguments)
  }

  private static func run(
    _ arguments: [String]
  ) throws -> (exitCode: Int32, output: String, error: String) {
    let (process, output, error) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [interpreter] + arguments
    process.standardOutput = output
    process.standardError = error
    try process.run()
    // A few lines each: neither pipe can fill up while the other is read.
    let texts = [output, error].map {
      String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
    process.waitUntilExit()
    return (process.terminationStatus, texts[0], texts[1])
  }
}
