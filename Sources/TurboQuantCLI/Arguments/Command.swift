/// A command: its operands and options, declared once for the parser and for the help.
struct Command: Sendable {
  /// The word that calls it, or two: those of a ``CommandGroup`` have a verb after the group's name.
  let name: String
  /// One line for the overview.
  let summary: String
  /// What the help page says below the usage line.
  var discussion = ""
  /// The arguments without a dash, in order.
  let operands: [Operand]
  /// The arguments with a dash.
  let options: [Option]
  /// Does the work.
  let run: @Sendable (Arguments, Console) throws -> Void
}

/// Commands of two words that share the first.
struct CommandGroup: Sendable {
  /// The first word.
  let name: String
  /// One line for the group's page.
  let summary: String

  /// Its commands among all of them.
  func members(of commands: [Command]) -> [Command] {
    commands.filter { $0.name.hasPrefix(name + " ") }
  }
}

/// An argument without a dash, known by its place.
struct Operand: Sendable {
  /// What the help calls it.
  let name: String
  /// What it is, in a line.
  let help: String
  /// Whether it may be given many times; only the last operand can.
  var isRepeated = false
}

/// An argument with dashes.
struct Option: Sendable {
  /// The name, without the two dashes.
  let name: String
  /// A letter that may be written instead, with one dash.
  var letter: Character?
  /// What the help calls its value; nil for a flag, which has none.
  var value: String?
  /// What it does, in a line.
  let help: String
  /// Whether the command needs it.
  var isRequired = false
}

/// A command line that is wrong: exit code 2.
struct UsageError: Error {
  /// One line.
  let message: String
  /// The command whose help page explains it.
  let command: String?

  /// Creates an error in the use of `command`, or of the program if nil.
  init(_ message: String, command: String?) {
    self.message = message
    self.command = command
  }
}

/// A command that could not do its work: exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
  /// One line.
  let description: String

  /// Creates an error with its one line.
  init(_ description: String) { self.description = description }
}
