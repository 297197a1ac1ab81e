internal import Foundation

extension Option {
  /// The ids of rows that are added.
  static let rowIDs = Option(
    name: "ids", value: "LIST|@FILE",
    help: "Ids of the rows: numbers separated by commas, or a file of one decimal number a line. "
      + "Default: the numbers after the largest id ever used, from 0.")
  /// The ids of rows that go.
  static let removedIDs = Option(
    name: "ids", value: "LIST|@FILE",
    help: "Ids: numbers separated by commas, or a file of one decimal number a line.",
    isRequired: true)
  /// The ids of rows that may be found.
  static let only = Option(
    name: "only", value: "LIST|@FILE",
    help: "Find only rows of these ids, given as to “index remove”; unknown ones are ignored.")
}

/// Ids that the command line names, each with the place it comes from.
struct IDList: Sendable {
  /// The ids in order.
  let ids: [UInt64]
  /// The file that they were read from, one a line, or the option that lists them.
  let source: String
  private let unit: String

  init(listed ids: [UInt64], in option: Option) {
    self.ids = ids
    source = "--\(option.name)"
    unit = "entry"
  }

  init(reading path: String) throws {
    let lines = try TextLines(reading: path).lines
    var ids: [UInt64] = []
    ids.reserveCapacity(lines.count)
    for (index, line) in lines.enumerated() {
      guard let id = UInt64(line) else {
        throw CommandFailure(
          "\(path): line \(index + 1): “\(line.prefix(40))” is no id — write one decimal number "
            + "from 0 to \(UInt64.max) a line")
      }
      ids.append(id)
    }
    self.ids = ids
    source = path
    unit = "line"
  }

  /// Where the id at `index` stands, for an error about it.
  func place(_ index: Int) -> String { "\(source): \(unit) \(index + 1)" }

  /// Refuses an id that is there twice.
  func requireDistinct() throws {
    var places: [UInt64: Int] = [:]
    places.reserveCapacity(ids.count)
    for (index, id) in ids.enumerated() {
      if let earlier = places.updateValue(index, forKey: id) {
        throw CommandFailure(
          "\(place(index)): id \(id) is \(unit) \(earlier + 1) already — name every id once")
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
  /// Ids separated by commas, or in a file of one a line.
  ///
  /// What is neither digits nor commas is a file's name; an @ before it says so of any name.
  func ids(_ option: Option) throws -> IDList? {
    guard let text = text(option) else { return nil }
    guard text.allSatisfy({ "0123456789, ".contains($0) }) else {
      return try IDList(reading: text.first == "@" ? String(text.dropFirst()) : text)
    }
    let ids = try (list(option) ?? []).map { word throws(UsageError) in
      guard let id = UInt64(word) else {
        throw wrong("--\(option.name) takes numbers from 0 to \(UInt64.max), not “\(word)”")
      }
      return id
    }
    return IDList(listed: ids, in: option)
  }
}

/// The lines of a text file.
struct TextLines: Sendable {
  /// The file.
  let path: String
  /// Its lines, without line ends and control characters.
  let lines: [String]

  init(reading path: String) throws {
    let data: Data
    do {
      // Unlike `Data(contentsOf:)` it reads what the shell's <(…) names.
      data = try FileHandle(forReadingFrom: URL(filePath: path)).readToEnd() ?? Data()
    } catch {
      throw CommandFailure("\(path): \(TextLines.reason(for: error, path))")
    }
    self.path = path
    var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The end of the last line begins no other.
    if lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines.map { line in
      // A label must not steer the terminal.
      String(decoding: line, as: UTF8.self).filter { !TextLines.isControl($0) }
    }
  }

  private static func isControl(_ character: Character) -> Bool {
    character.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }

  private static func reason(for error: any Error, _ path: String) -> String {
    if FileManager.default.fileExists(atPath: path + "/.") {
      return "is a directory, expected a text file — name a file inside it"
    }
    guard FileManager.default.fileExists(atPath: path) else {
      return "no such file — check the path"
    }
    return "cannot be read: \(error.localizedDescription)"
  }
}
