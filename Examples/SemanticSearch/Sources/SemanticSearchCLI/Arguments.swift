let usage = """
  usage: semantic-search [--store FOLDER] COMMAND

    add FILE… [--category NAME]      add the lines “id: text” of files; an id that is there is replaced
    remove ID…                       remove documents
    search TEXT [--category NAME] [--count K]
                                     print the nearest documents
    list [--category NAME]           print all documents

    --store FOLDER    where documents are kept; default: documents.store
    --                ends the options, for a text or name that begins with “-”
    --texts FILE --vectors FILE.npy
                      look vectors up in files, instead of counting words and letters

  Without --category, a document's category is the name of its file.
  """

/// A command line that makes no sense.
struct UsageError: Error {
  let message: String
}

/// The words of the command line.
struct Arguments {
  let command: String
  let operands: [String]
  private var options: [String: String] = [:]

  /// Beside those that all commands have.
  private static let optionsOfCommands: [String: Set<String>] = [
    "add": ["category"], "remove": [], "search": ["category", "count"], "list": ["category"],
    "help": [],
  ]

  init(_ words: some Sequence<String>) throws {
    var operands: [String] = []
    var words = words.makeIterator()
    while let word = words.next() {
      if word == "--help" || word == "-h" {
        (command, self.operands, options) = ("help", [], [:])
        return
      } else if word == "--" {
        while let word = words.next() { operands.append(word) }
      } else if word.hasPrefix("--") {
        let parts = word.dropFirst(2).split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? String(parts[1]) : words.next()
        guard let value, !value.isEmpty, parts.count == 2 || !value.hasPrefix("--") else {
          throw UsageError(message: "--\(parts[0]) needs a value")
        }
        guard options.updateValue(value, forKey: String(parts[0])) == nil else {
          throw UsageError(message: "--\(parts[0]) is given twice")
        }
      } else if word.hasPrefix("-"), word != "-" {
        throw UsageError(
          message: "there is no option \(word); put -- before what begins with a dash and is none")
      } else {
        operands.append(word)
      }
    }
    guard let command = operands.first else { throw UsageError(message: "no command") }
    guard let own = Self.optionsOfCommands[command] else {
      throw UsageError(message: "no command is called “\(command)”")
    }
    let known = own.union(command == "help" ? [] : ["store", "texts", "vectors"])
    if let unknown = options.keys.sorted().first(where: { !known.contains($0) }) {
      throw UsageError(message: "\(command) has no option --\(unknown)")
    }
    if ["list", "help"].contains(command), operands.count > 1 {
      throw UsageError(message: "\(command): expected nothing after it, found “\(operands[1])”")
    }
    self.command = command
    self.operands = Array(operands.dropFirst())
  }

  subscript(option: String) -> String? { options[option] }

  /// A number of at least 1.
  func count(_ option: String, default value: Int) throws -> Int {
    guard let text = options[option] else { return value }
    guard let count = Int(text), count > 0 else {
      throw UsageError(message: "--\(option) \(text): expected a number from 1 on")
    }
    return count
  }
}
