internal import Foundation
internal import Synchronization

/// Where a command's words go: the process's streams, or a test.
struct Console: Sendable {
  /// Takes what belongs on standard output.
  let write: @Sendable (String) -> Void
  /// Takes what belongs on standard error.
  let writeError: @Sendable (String) -> Void
  /// Whether standard error is a terminal, which alone shows progress.
  var showsProgress = false
  /// Whether standard output may carry colour.
  var usesColor = false
  /// Columns of standard output.
  var width = 100

  /// The process's own streams, and whether writing to standard output has failed.
  static func standard() -> (console: Console, outputFailed: @Sendable () -> Bool) {
    let failure = Failure()
    let environment = ProcessInfo.processInfo.environment
    let isTerminal = Terminal.isTerminal(1)
    let noColor = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
    let console = Console(
      write: { text in
        do {
          try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
          failure.note(error)
        }
      },
      // When standard error itself fails there is nobody left to tell.
      writeError: { try? FileHandle.standardError.write(contentsOf: Data($0.utf8)) },
      showsProgress: Terminal.isTerminal(2), usesColor: isTerminal && !noColor,
      width: Terminal.columns(1) ?? 100)
    return (console, { failure.isNoted })
  }

  /// Remembers that standard output failed, and says so once.
  private final class Failure: Sendable {
    private let noted = Mutex(false)

    var isNoted: Bool { noted.withLock { $0 } }

    func note(_ error: any Error) {
      let isFirst = noted.withLock { isNoted in
        defer { isNoted = true }
        return !isNoted
      }
      guard isFirst else { return }
      let line = "error: standard output cannot be written: \(error.localizedDescription)\n"
      try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
    }
  }
}

/// What a piece of text is, where colour can say it.
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
  /// `text` in `ink`, or plain when colour is off.
  func colored(_ text: String, _ ink: Ink) -> String {
    usesColor ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
  }
}
