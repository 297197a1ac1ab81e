/// Help texts, made from the commands' own declarations.
enum Help {
  /// The page without a command.
  static func overview(_ commands: [Command]) -> String {
    """
    turboquant \(Program.version): compresses vectors to a few bits per coordinate, without training.

    Usage: turboquant COMMAND …

    Commands:

    \(list(of: commands))
    “turboquant help COMMAND” describes one; “turboquant --version” prints the version.
    New here? Start with “turboquant demo”.

    A file is written completely or not at all. Exit codes: 0 done, 1 failed, 2 wrong use. If a change
    is done but its report cannot be printed, the exit code is 0 and the report goes to standard error.

    """
  }

  /// The page of a group of commands.
  static func page(of group: CommandGroup, _ commands: [Command]) -> String {
    """
    \(group.summary)

    Usage: turboquant \(group.name) VERB …

    \(list(of: group.members(of: commands)))
    “turboquant help \(group.name) VERB” describes one.

    """
  }

  private static func list(of commands: [Command]) -> String {
    let width = commands.map(\.name.count).max() ?? 0
    return commands.map { "  \(padded($0.name, to: width))   \($0.summary)\n" }.joined()
  }

  /// The page of one command, at most `width` columns wide.
  static func page(of command: Command, width: Int) -> String {
    let required = command.options.filter(\.isRequired)
    let usage =
      ["Usage: turboquant", command.name] + command.operands.map(\.heading)
      + required.map { "\($0.shortest) \($0.value ?? "")" }
      + (required.count < command.options.count ? ["[options]"] : [])
    var text = "\(command.summary)\n\n\(usage.joined(separator: " "))\n"
    if !command.discussion.isEmpty { text += "\n\(command.discussion)\n" }
    let operands = command.operands.map { ($0.heading, $0.help) }
    let options = command.options.map { ($0.heading, $0.help) }
    let all = operands + options + [("-h, --help", "Print this page.")]
    let column = (all.map(\.0.count).max() ?? 0) + 4
    let room = max(30, min(width, 100) - column)
    func list(_ items: [(String, String)]) {
      for (name, help) in items {
        let lines = wrapped(help, to: room)
        text += padded("  \(name)", to: column) + (lines.first ?? "") + "\n"
        for line in lines.dropFirst() { text += padded("", to: column) + line + "\n" }
      }
    }
    if !operands.isEmpty { text += "\n" }
    list(operands)
    text += "\nOptions:\n"
    list(options + [("-h, --help", "Print this page.")])
    return text
  }

  private static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

extension Operand {
  /// The name, with dots where more may follow.
  fileprivate var heading: String { isRepeated ? "\(name) …" : name }
}

extension Option {
  /// The shorter way to write it.
  fileprivate var shortest: String { letter.map { "-\($0)" } ?? "--\(name)" }

  /// Letter, name and value, as the help shows them.
  fileprivate var heading: String {
    (letter.map { "-\($0), " } ?? "") + "--\(name)" + (value.map { " \($0)" } ?? "")
  }
}
