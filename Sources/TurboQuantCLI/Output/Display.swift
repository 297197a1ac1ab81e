internal import TurboQuantStorage

/// Text from files and the command line, made safe to show.
///
/// Input itself is never changed, only what is shown of it.
enum Display {
  /// `text` on one line, its control characters spelled out, so that they cannot steer a terminal.
  static func line(_ text: String) -> String { singleLine(text) }

  /// A label on one line, with a space for every tab.
  static func label(_ text: String) -> String {
    line(text.split(separator: "\t", omittingEmptySubsequences: false).joined(separator: " "))
  }
}
