internal import TurboQuantFiles

/// The lines of a text file, byte for byte as they stand there.
struct TextLines: Sendable {
  /// The file.
  let path: String
  private let bytes: [UInt8]
  private let ranges: [Range<Int>]

  /// Finds the lines of a file that has been read.
  ///
  /// - Throws: ``CommandFailure`` for a text in UTF-16, of which no line can be read.
  init(_ file: InputFile) throws(CommandFailure) {
    path = file.path
    bytes = file.bytes
    guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
      throw CommandFailure("\(path): text in UTF-16, expected UTF-8 — save it as UTF-8")
    }
    // What some editors put before UTF-8.
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var ranges: [Range<Int>] = []
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
      ranges.append(start..<(hasReturn ? end - 1 : end))
      // The end of the last line begins no other.
      start = end + 1
    }
    self.ranges = ranges
  }

  /// Reads a file of texts to be shown.
  ///
  /// - Throws: ``CommandFailure`` also for a zero byte, which no text has and most other files do.
  init(reading path: String) throws {
    try self.init(InputFile(path))
    if let index = ranges.firstIndex(where: { bytes[$0].contains(0) }) {
      throw CommandFailure(
        "\(path): line \(index + 1): a zero byte, expected text in UTF-8 — is it the right file?")
    }
  }

  /// The number of lines.
  var count: Int { ranges.count }

  /// The bytes of a line, counted from 0, without its end.
  func bytes(_ index: Int) -> ArraySlice<UInt8> { bytes[ranges[index]] }

  /// A line, counted from 0, without its end.
  subscript(index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }
}

extension Collection<UInt8> {
  /// The number that these digits write; nil for anything else, or more than 64 bits.
  var decimalNumber: UInt64? {
    var value: UInt64 = 0
    for byte in self {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (product, overflows) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsSum) = product.addingReportingOverflow(UInt64(byte) - 0x30)
      guard !overflows, !overflowsSum else { return nil }
      value = sum
    }
    return isEmpty ? nil : value
  }
}

extension ArraySlice<UInt8> {
  /// What is left without spaces and tabs at either end.
  var trimmed: ArraySlice<UInt8> {
    let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let rest = drop(while: isSpace)
    guard let last = rest.lastIndex(where: { !isSpace($0) }) else {
      return rest[..<rest.startIndex]
    }
    return rest[...last]
  }
}
