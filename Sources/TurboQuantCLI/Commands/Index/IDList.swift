internal import TurboQuantFiles

extension Option {
  /// The ids of rows that are added.
  static let rowIDs = Option(
    name: "ids", value: "LIST|@FILE",
    help:
      "Ids of the rows: numbers separated by commas, or a file: a text of one decimal number per "
      + "line, or integers in .npy. Default: the numbers after the largest id ever used, from 0.")
  /// The ids of rows to remove.
  static let removedIDs = Option(
    name: "ids", value: "LIST|@FILE",
    help: "Ids: numbers separated by commas, or a file: a text of one decimal number per line, or "
      + "integers in .npy.",
    isRequired: true)
  /// The ids of rows that may be found.
  static let only = Option(
    name: "only", value: "LIST|@FILE",
    help: "Find only rows with these ids, written as for “index remove”; unknown ids are ignored.")
}

/// Ids from the command line or a file, each with its place.
struct IDList: Sendable {
  /// How the places of ids are counted.
  private enum Places {
    /// Entries of an option, from 1.
    case entries
    /// Lines of a text, from 1, of which these hold no id.
    case lines(blank: [Int])
    /// Rows of an array, from 0, as those of vectors are counted.
    case rows
  }

  /// The ids in order.
  let ids: [UInt64]
  /// The file that they were read from, or the option that lists them.
  let source: String
  private let places: Places

  init(listed ids: [UInt64], in option: Option) {
    self.ids = ids
    source = "--\(option.name)"
    places = .entries
  }

  init(reading path: String) throws {
    let file = try InputFile(path)
    source = path
    guard !file.isNpy else {
      ids = try file.wholeNumbers()
      places = .rows
      return
    }
    let lines = try TextLines(file)
    var ids: [UInt64] = []
    var blank: [Int] = []
    ids.reserveCapacity(lines.count)
    for index in 0..<lines.count {
      let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
      let word = lines.bytes(index).trimmed(of: isSpace)
      if let id = word.decimalNumber {
        ids.append(id)
      } else if word.isEmpty {
        blank.append(index + 1)
      } else {
        throw CommandFailure(
          "\(path): line \(index + 1): “\(String(decoding: word.prefix(40), as: UTF8.self))” is no "
            + "id — write one decimal number from 0 to \(UInt64.max) per line")
      }
    }
    self.ids = ids
    places = .lines(blank: blank)
  }

  /// Where the id at `index` stands, for an error about it.
  func place(_ index: Int) -> String { "\(source): \(entry(index))" }

  private func entry(_ index: Int) -> String {
    switch places {
    case .entries: return "entry \(index + 1)"
    case .rows: return "row \(index)"
    case .lines(let blank):
      let line = blank.reduce(index + 1) { line, skipped in line >= skipped ? line + 1 : line }
      return "line \(line)"
    }
  }

  /// Refuses an id that is there twice.
  func requireDistinct() throws {
    var earlier: [UInt64: Int] = [:]
    earlier.reserveCapacity(ids.count)
    for (index, id) in ids.enumerated() {
      if let first = earlier.updateValue(index, forKey: id) {
        throw CommandFailure(
          "\(place(index)): id \(id) is \(entry(first)) already — name every id once")
      }
    }
  }

  /// Refuses more or fewer ids than `count` rows of `path`.
  func require(count: Int, rowsOf path: String) throws {
    guard ids.count == count else {
      throw CommandFailure(
        "\(source): \(Numbers.counted(ids.count, "id")) for \(Numbers.counted(count, "row")) of "
          + "\(path) — give every row one id")
    }
  }
}

extension Arguments {
  /// Ids separated by commas, or in a file.
  ///
  /// A word after an @ names a file, and so does a word that is not a list of numbers.
  func ids(_ option: Option) throws -> IDList? {
    guard let text = text(option) else { return nil }
    guard text.first != "@" else { return try IDList(reading: String(text.dropFirst())) }
    // With signs, points and semicolons it is a badly written list rather than a file's name.
    guard text.allSatisfy({ "0123456789,;+-. \t".contains($0) }) else {
      return try IDList(reading: text)
    }
    let ids = try (list(option) ?? []).map { word throws(UsageError) in
      guard let id = word.utf8.decimalNumber else {
        throw wrong(
          "--\(option.name) takes numbers from 0 to \(UInt64.max) separated by commas, or @FILE, "
            + "not “\(word)”")
      }
      return id
    }
    return IDList(listed: ids, in: option)
  }
}

extension ArraySlice<UInt8> {
  /// What is left without such bytes at either end.
  fileprivate func trimmed(of isLeftOut: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let rest = drop(while: isLeftOut)
    guard let last = rest.lastIndex(where: { !isLeftOut($0) }) else {
      return rest[..<rest.startIndex]
    }
    return rest[...last]
  }
}
