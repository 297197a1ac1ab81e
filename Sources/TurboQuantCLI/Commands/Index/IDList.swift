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
      + "integers in .npy.")
  /// The ids of rows that may be found.
  static let only = Option(
    name: "only", value: "LIST|@FILE",
    help: "Find only rows with these ids, written as for “index remove”; unknown ids are ignored.")
}

/// Ids from the command line or a file, each with its place.
typealias IDList = RowNames<UInt64>

extension RowNames<UInt64> {
  init(reading path: String) throws {
    let file = try InputFile(path)
    guard !file.isNpy else {
      self.init(try file.wholeNumbers(), from: path, .rows)
      return
    }
    let lines = try TextLines(file)
    var ids: [UInt64] = []
    var blank: [Int] = []
    ids.reserveCapacity(lines.count)
    for index in 0..<lines.count {
      let word = lines.bytes(index).trimmed
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
    self.init(ids, from: path, .lines(blank: blank))
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
