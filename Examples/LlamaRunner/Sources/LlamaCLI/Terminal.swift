import Foundation

/// The output of the commands.
enum Terminal {
  /// Whether standard error is a terminal.
  static let showsProgress = isatty(FileHandle.standardError.fileDescriptor) == 1

  /// Writes text at once, without a line break; throws `CommandError` if that fails.
  static func write(_ text: String, to output: FileHandle = .standardOutput) throws {
    do {
      try output.write(contentsOf: Data(text.utf8))
    } catch {
      throw CommandError("The output cannot be written: it is closed, or its disk is full.")
    }
  }

  static func printLine(_ line: String) throws { try write(line + "\n") }

  /// Writes to standard error; a failure of this cannot be reported anywhere.
  static func printError(_ line: String) { warn(line + "\n") }

  private static func warn(_ text: String) { try? write(text, to: .standardError) }

  /// Replaces the line of progress.
  static func progress(_ line: String) {
    guard showsProgress else { return }
    warn("\r\u{1b}[K\(line)")
  }

  static func endProgress() { progress("") }
}

/// Rows of words in columns.
enum Table {
  /// Pads the columns; the first `leftAligned` are aligned to the left, the others to the right.
  static func aligned(_ rows: [[String]], leftAligned: Int) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column < leftAligned ? cell + padding : padding + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
