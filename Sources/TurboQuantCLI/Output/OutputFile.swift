internal import TurboQuantStorage

extension Arguments {
  /// The path of the output file.
  ///
  /// Refuses, before any work, a path that cannot be written or that the command reads.
  ///
  /// - Parameter inputs: The paths that the command reads, `-` for standard input. A path that names
  ///   nothing is left to its reader.
  func outputPath(
    _ option: Option = .output, reading inputs: [String?], _ console: Console
  ) throws -> String? {
    guard let path = text(option) else { return nil }
    guard !path.isEmpty else { throw wrong("--\(option.name) is empty; name a file") }
    guard path != "-" else {
      throw wrong(
        "--\(option.name) - would be standard output, where the file's header cannot be completed; "
          + "name a file (./- is a file called -)")
    }
    let target = try Target(path)
    try target.checkDirectory()
    guard let existing = target.existing else { return path }
    for input in inputs.compactMap({ $0 }) where try identity(ofInput: input) == existing.identity {
      let name = input == "-" ? "standard input" : singleLine(input)
      throw CommandFailure(
        "\(singleLine(path)): is the same file as the input \(name), which writing would destroy — "
          + "name another file")
    }
    console.noteOtherNames(of: existing, path)
    return path
  }

  /// The file that an option for ids names, unless it lists them.
  func idFile(_ option: Option) -> String? {
    guard let text = text(option) else { return nil }
    guard text.first != "@" else { return String(text.dropFirst()) }
    return text.allSatisfy { "0123456789,;+-. \t".contains($0) } ? nil : text
  }

  private func identity(ofInput path: String) throws -> FileStatus.Identity? {
    path == "-"
      ? try FileDescriptor.standardInput().status().identity
      : try fileStatus(at: path)?.identity
  }
}

extension Console {
  /// Notes that the other names of a file keep its old content.
  func noteOtherNames(of file: FileStatus, _ path: String) {
    guard file.linkCount > 1 else { return }
    writeError(
      "note: \(singleLine(path)) is one of \(file.linkCount) names of a file (hard links); the others "
        + "keep what it holds now\n")
  }
}

/// The size of a file in bytes, 0 if it is gone.
func fileSize(_ path: String) -> Int {
  ((try? fileStatus(at: path)) ?? nil).map { Int(clamping: $0.byteCount) } ?? 0
}
