internal import TurboQuantIndex
internal import TurboQuantStorage

extension Option {
  /// The tags of rows that are added.
  static let rowTags = Option(
    name: "tags", value: "FILE",
    help: "Tags of the rows, names of your own: a text in UTF-8 with one tag per line; blank lines "
      + "hold none.")
  /// The tags of rows to remove.
  static let removedTags = Option(
    name: "tags", value: "LIST|@FILE",
    help: "Tags: separated by commas, or after an @ a text file with one tag per line.")
  /// The tags of rows that may be found.
  static let onlyTags = Option(
    name: "only-tags", value: "LIST|@FILE",
    help: "Find only rows with these tags, written as for “index remove”; unknown tags are ignored."
  )
}

/// Tags from the command line or a file, each with its place.
typealias TagList = RowNames<RowTag>

extension RowNames<RowTag> {
  /// Reads a text of one tag per line, which is taken as it stands there, spaces included.
  init(reading path: String) throws {
    let lines = try TextLines(reading: path)
    var tags: [RowTag] = []
    var blank: [Int] = []
    tags.reserveCapacity(lines.count)
    for index in 0..<lines.count {
      let bytes = lines.bytes(index)
      guard !bytes.trimmed.isEmpty else {
        blank.append(index + 1)
        continue
      }
      guard bytes.count <= RowTag.largestByteCount else {
        throw CommandFailure(
          "\(path): line \(index + 1): a tag of \(Numbers.grouped(bytes.count)) bytes, expected at "
            + "most \(Numbers.grouped(RowTag.largestByteCount)) — is it the right file?")
      }
      let tag = RowTag(bytes: Array(bytes))
      guard tag.text != nil else {
        throw CommandFailure(
          "\(path): line \(index + 1): not UTF-8, expected text — save the file as UTF-8")
      }
      tags.append(tag)
    }
    self.init(tags, from: path, .lines(blank: blank))
  }

  /// What to write to read the file that a list of one tag also names, if there is such a file.
  var fileHint: String? {
    guard isListed, names.count == 1, let name = names[0].text,
      (try? fileStatus(at: name)) ?? nil != nil
    else { return nil }
    return "write @\(name) to read tags from the file"
  }
}

extension Arguments {
  /// Tags separated by commas, or in a file whose name follows an @.
  ///
  /// Any word can be a tag, so without an @ none names a file.
  func tags(_ option: Option) throws -> TagList? {
    guard let text = text(option) else { return nil }
    guard text.first != "@" else { return try TagList(reading: String(text.dropFirst())) }
    return TagList(listed: (try list(option) ?? []).map { RowTag($0) }, in: option)
  }

  /// The file that an option for tags names, unless it lists them.
  func tagFile(_ option: Option) -> String? {
    text(option).flatMap { $0.first == "@" ? String($0.dropFirst()) : nil }
  }
}
