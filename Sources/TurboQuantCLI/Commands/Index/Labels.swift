/// The labels of ids in a text file: line i, from 0, is for id i, or every line begins with its id.
struct Labels: Sendable {
  private let lines: TextLines
  /// The line of each id where lines begin with ids, and nil where they do not.
  private let lineOfID: [UInt64: Int]?

  /// Reads a file, in which the first line decides whether lines begin with an id and a tab.
  ///
  /// - Throws: ``CommandFailure`` for a later line that does not, or an id that is there twice.
  init(reading path: String) throws {
    let lines = try TextLines(reading: path)
    self.lines = lines
    guard lines.count > 0, Labels.id(of: lines.bytes(0)) != nil else {
      lineOfID = nil
      return
    }
    var lineOfID: [UInt64: Int] = [:]
    for number in 0..<lines.count where !lines.bytes(number).isEmpty {
      guard let id = Labels.id(of: lines.bytes(number)) else {
        throw CommandFailure(
          "\(path): line \(number + 1): expected an id, a tab and a text, as in line 1")
      }
      if let earlier = lineOfID.updateValue(number, forKey: id) {
        throw CommandFailure(
          "\(path): line \(number + 1): id \(id) is in line \(earlier + 1) already — give every id "
            + "one line")
      }
    }
    self.lineOfID = lineOfID
  }

  /// What the file says of an id.
  subscript(id: UInt64) -> String? {
    guard let lineOfID else {
      // Ids are the caller's and may lie beyond any file.
      return Int(exactly: id).flatMap { $0 < lines.count ? lines[$0] : nil }
    }
    guard let bytes = lineOfID[id].map(lines.bytes) else { return nil }
    let text = bytes.drop { $0 != UInt8(ascii: "\t") }.dropFirst()
    return String(decoding: text, as: UTF8.self)
  }

  /// A warning, if some of these ids have no label.
  func warning(about ids: [UInt64]) -> String? {
    let found = Set(ids)
    let missing = found.filter { self[$0] == nil }
    guard let first = missing.min() else { return nil }
    let many = missing.count == found.count ? "any" : "\(Numbers.grouped(missing.count))"
    return
      "\(lines.path): no label for \(many) of the \(Numbers.counted(found.count, "id")) found, "
      + "such as \(first) — "
      + (lineOfID == nil
        ? "line i, from 0, is for id i; for ids of your own write id, tab and text in every line"
        : "add a line with this id, a tab and a text")
  }

  /// The digits before the first tab.
  private static func id(of line: ArraySlice<UInt8>) -> UInt64? {
    line.firstIndex(of: UInt8(ascii: "\t")).flatMap { line[..<$0].decimalNumber }
  }
}
