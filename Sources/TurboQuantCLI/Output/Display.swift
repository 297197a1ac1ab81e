internal import TurboQuantStorage

/// Text that others wrote, as it may be shown.
///
/// What is read as input never passes through here: to clean it would be to change it.
enum Display {
  /// `text` on one line, its control characters spelled out, so that they cannot steer a terminal.
  static func line(_ text: String) -> String { singleLine(text) }

  /// A label on one line, with a space for every tab.
  static func label(_ text: String) -> String {
    line(text.split(separator: "\t", omittingEmptySubsequences: false).joined(separator: " "))
  }
}
