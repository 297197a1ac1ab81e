/// A command line that cannot be understood, which gives exit code 2.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A command that cannot be carried out, which gives exit code 1.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The words of the command line.
///
/// Throws `UsageError` for a word that is not UTF-8, which the standard library would turn into another
/// text.
func commandLine() throws -> [String] {
  try (1..<max(1, Int(CommandLine.argc))).map { index in
    guard let word = unsafe CommandLine.unsafeArgv[index],
      let text = unsafe String(validatingCString: word)
    else {
      throw UsageError("Word \(index) of the command line is not UTF-8; convert it first.")
    }
    return text
  }
}

/// The words after a command: options with values, flags and the rest.
struct Arguments {
  private var values: [String: String] = [:]
  private var flags: Set<String> = []
  private(set) var positional: [String] = []

  /// Sorts the words; throws `UsageError` for options that the command does not have.
  init(_ words: [String], options: [String], flags known: [String], positional limit: Int) throws {
    var index = 0
    var onlyText = false
    while index < words.count {
      let word = words[index]
      index += 1
      guard word.hasPrefix("--") && !onlyText else {
        positional.append(word)
        continue
      }
      let name = String(word.dropFirst(2))
      if name.isEmpty {
        onlyText = true
      } else if known.contains(name) {
        flags.insert(name)
      } else if options.contains(name) {
        guard index < words.count else { throw UsageError("Give a value after \(word).") }
        guard values.updateValue(words[index], forKey: name) == nil else {
          throw UsageError("\(word) is there twice; give it once.")
        }
        index += 1
      } else {
        throw UsageError("There is no option \(word) here; llama help lists them.")
      }
    }
    guard positional.count <= limit else {
      let extra = positional[limit]
      throw UsageError("\"\(extra)\" is one word too many; put quotes around a text.")
    }
  }

  subscript(name: String) -> String? { values[name] }

  func has(_ flag: String) -> Bool { flags.contains(flag) }

  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = values[name] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw UsageError(
        "--\(name) is \(text); give a whole number from \(range.lowerBound) to \(range.upperBound)."
      )
    }
    return value
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let text = values[name] else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw UsageError(
        "--\(name) is \(text); give a number from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }
}
