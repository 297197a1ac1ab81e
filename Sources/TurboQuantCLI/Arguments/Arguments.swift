/// A parsed command line; its values are read as numbers, words or lists.
struct Arguments: Sendable {
  /// The command that it is for.
  let command: Command
  private(set) var operands: [String] = []
  private var values: [String: String] = [:]

  /// Parses `words`; nil when they ask for help.
  ///
  /// `--name value` and `--name=value` are the same, and `--` ends the options.
  init?(parsing words: [String], for command: Command) throws(UsageError) {
    self.command = command
    var index = 0
    var optionsEnded = false
    while index < words.count {
      let word = words[index]
      index += 1
      if optionsEnded || !word.hasPrefix("-") || word == "-" {
        operands.append(word)
      } else if word == "--" {
        optionsEnded = true
      } else if word == "--help" || word == "-h" {
        return nil
      } else {
        let taken = try take(option: word, next: index < words.count ? words[index] : nil)
        index += taken ? 1 : 0
      }
    }
    try checkCompleteness()
  }

  /// Stores an option; true when its value was the next word.
  private mutating func take(option word: String, next: String?) throws(UsageError) -> Bool {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let written = String(parts[0])
    guard let option = command.options.first(where: { $0.isWritten(written) }) else {
      let known = command.options.map { "--\($0.name)" } + ["--help"]
      throw wrong("unknown option \(written)\(Suggestion.nearest(to: written, among: known))")
    }
    guard values[option.name] == nil else { throw wrong("--\(option.name) is given twice") }
    guard let placeholder = option.value else {
      guard parts.count == 1 else { throw wrong("--\(option.name) takes no value") }
      values[option.name] = ""
      return false
    }
    if parts.count == 2 {
      values[option.name] = String(parts[1])
      return false
    }
    // A lone dash and a negative number are values; anything else with a dash is the next option.
    guard let next, !next.hasPrefix("-") || next == "-" || Double(next) != nil else {
      throw wrong("--\(option.name) needs a value: --\(option.name) \(placeholder)")
    }
    values[option.name] = next
    return true
  }

  private func checkCompleteness() throws(UsageError) {
    if operands.count < command.operands.count {
      throw wrong("\(command.operands[operands.count].name) is missing")
    }
    if operands.count > command.operands.count, command.operands.last?.isRepeated != true {
      throw wrong("unexpected argument \(operands[command.operands.count])")
    }
    for option in command.options where option.isRequired && values[option.name] == nil {
      throw wrong("--\(option.name) \(option.value ?? "") is missing")
    }
  }

  /// An error in the use of this command.
  func wrong(_ message: String) -> UsageError { UsageError(message, command: command.name) }

  /// Whether a flag is set.
  func has(_ option: Option) -> Bool { values[option.name] != nil }

  /// The text of an option.
  func text(_ option: Option) -> String? { values[option.name] }

  /// An integer within `range`.
  func integer<Integer: FixedWidthInteger>(
    _ option: Option, in range: ClosedRange<Integer>
  ) throws(UsageError) -> Integer? {
    guard let text = values[option.name] else { return nil }
    return try integer(text, option, in: range)
  }

  /// Integers separated by commas.
  func integers(
    _ option: Option, in range: ClosedRange<Int>
  ) throws(UsageError) -> [Int]? {
    guard let items = try list(option) else { return nil }
    var integers: [Int] = []
    for item in items { integers.append(try integer(item, option, in: range)) }
    return integers
  }

  /// Words separated by commas, at least one, none empty.
  func list(_ option: Option) throws(UsageError) -> [String]? {
    guard let text = values[option.name] else { return nil }
    let items = text.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.withoutOuterBlanks)
    }
    guard !items.contains("") else {
      throw wrong("--\(option.name) takes values separated by commas, not “\(text)”")
    }
    return items
  }

  private func integer<Integer: FixedWidthInteger>(
    _ text: String, _ option: Option, in range: ClosedRange<Integer>
  ) throws(UsageError) -> Integer {
    guard let value = Integer(text), range.contains(value) else {
      let bound =
        range.upperBound == Integer.max
        ? "from \(range.lowerBound) on" : "from \(range.lowerBound) to \(range.upperBound)"
      throw wrong("--\(option.name) takes a whole number \(bound), not “\(text)”")
    }
    return value
  }
}

extension Substring {
  /// The text without the spaces and tabs around it.
  fileprivate var withoutOuterBlanks: Substring {
    func isBlank(_ character: Character) -> Bool { character.isWhitespace && !character.isNewline }
    let text = drop(while: isBlank)
    return text.lastIndex { !isBlank($0) }.map { text[...$0] } ?? ""
  }
}

extension Option {
  /// Whether `word` is this option, with its dashes.
  fileprivate func isWritten(_ word: String) -> Bool {
    word == "--\(name)" || letter.map { word == "-\($0)" } == true
  }
}
