import Foundation
import Testing

/// The C library that was built beside the tests, and programs in C that use it.
enum CLibrary {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let header = root.appending(path: "Sources/CTurboQuant/include/turboquant.h")

  /// The shared library.
  static func built() throws -> URL {
    var directory = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<4 {
      for name in ["libTurboQuantC.so", "libTurboQuantC.dylib"] {
        let candidate = directory.appending(path: name)
        if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
      }
      directory = directory.deletingLastPathComponent()
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// Compiles a program under AddressSanitizer and UndefinedBehaviorSanitizer, runs it, and returns what it printed.
  ///
  /// Without arguments it gets the path of an empty folder.
  static func run(
    _ source: String, arguments: [String]? = nil, status: Int32 = 0
  ) throws -> String {
    let library = try built()
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "turboquant-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let program = folder.appending(path: "program").path
    #if os(Linux)
      // Older linkers warn about symbols of the sanitizer.
      let linker = ["-fuse-ld=lld"]
    #else
      let linker: [String] = []
    #endif
    let flags = [
      "-std=c17", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
      "-fno-sanitize-recover=all",
    ]
    try output(
      ["clang"] + flags + linker + [
        "-I\(header.deletingLastPathComponent().path)",
        root.appending(path: source).path, library.path,
        "-Wl,-rpath,\(library.deletingLastPathComponent().path)", "-o", program,
      ])
    return try output([program] + (arguments ?? [folder.path]), status: status)
  }

  @discardableResult
  static func output(_ words: [String], status: Int32 = 0) throws -> String {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(
      decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == status, "\(words.joined(separator: " ")):\n\(text)")
    return text
  }
}
