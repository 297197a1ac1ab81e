internal import Synchronization
internal import TurboQuantStorage

/// Where a command writes: the process's streams, or a test.
struct Console: Sendable {
  /// Writes to standard output.
  let write: @Sendable (String) -> Void
  /// Writes to standard error.
  let writeError: @Sendable (String) -> Void
  /// Like `write`, but returns why writing failed; nil if that is not known.
  var tryWrite: (@Sendable (String) -> String?)?
  /// Whether standard error is a terminal, which alone shows progress.
  var showsProgress = false
  /// Whether standard output may carry colour.
  var usesColor = false
  /// Columns of standard output.
  var width = 100

  /// The process's own streams, and whether writing to standard output has failed.
  static func standard() -> (console: Console, outputFailed: @Sendable () -> Bool) {
    let failure = Failure()
    let isTerminal = Terminal.isTerminal(1)
    let noColor =
      !(System.environment("NO_COLOR") ?? "").isEmpty || System.environment("TERM") == "dumb"
    let console = Console(
      write: { text in
        guard let error = Console.failure(writing: text, to: .standardOutput()) else { return }
        // The reader has closed the pipe: end as other programs do.
        if error.isBrokenPipe { endProcess(by: brokenPipeSignal) }
        failure.note(error)
      },
      // If standard error fails too, there is nobody to tell.
      writeError: { _ = Console.failure(writing: $0, to: .standardError()) },
      tryWrite: { Console.failure(writing: $0, to: .standardOutput())?.reason },
      showsProgress: Terminal.isTerminal(2), usesColor: isTerminal && !noColor,
      width: Terminal.columns(1) ?? 100)
    return (console, { failure.isNoted })
  }

  private static func failure(
    writing text: String, to stream: consuming FileDescriptor
  ) -> StorageError? {
    do throws(StorageError) {
      try stream.writeAll(Array(text.utf8))
      return nil
    } catch {
      return error
    }
  }

  /// Remembers that standard output failed, and says so once.
  private final class Failure: Sendable {
    private let noted = Mutex(false)

    var isNoted: Bool { noted.withLock { $0 } }

    func note(_ error: StorageError) {
      let isFirst = noted.withLock { isNoted in
        defer { isNoted = true }
        return !isNoted
      }
      guard isFirst else { return }
      let line = "error: standard output cannot be written: \(error.reason)\n"
      _ = Console.failure(writing: line, to: .standardError())
    }
  }
}

extension Console {
  /// Prints the report on a change of the file at `path`, which has been made.
  ///
  /// If standard output cannot be written, the change is still done, and running the command again might
  /// do it twice. So this is a warning, and the report goes to standard error.
  func report(changeOf path: String, _ text: String) {
    guard let tryWrite else { return write(text) }
    guard let reason = tryWrite(text) else { return }
    writeError(
      "warning: \(singleLine(path)) is written, but standard output cannot be: \(reason). The report:\n"
        + text)
  }
}

extension StorageError {
  fileprivate var isBrokenPipe: Bool {
    kind == .system(call: .write, code: ErrorNumber.brokenPipe)
  }

  /// The system's words for what went wrong.
  fileprivate var reason: String {
    if case .system(_, let code) = kind { systemErrorMessage(code) } else { description }
  }
}

/// What colour says about a piece of text.
enum Ink: String {
  /// A title.
  case bold = "1"
  /// What matters less.
  case faint = "2"
  /// What agrees with the truth.
  case green = "32"
  /// A bar.
  case cyan = "36"
}

extension Console {
  /// Prints a warning on standard error.
  func warn(_ text: String) { writeError("warning: \(Display.line(text))\n") }

  /// `text` in `ink`, or plain when colour is off.
  func colored(_ text: String, _ ink: Ink) -> String {
    usesColor ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
  }
}
