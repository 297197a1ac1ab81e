internal import TurboQuantKernels
internal import TurboQuantStorage

/// What the header of a `.npy` file says about its array of vectors.
struct NpyHeader: Equatable {
  /// The first bytes of every `.npy` file.
  static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
  /// Enough bytes to find the end of the header; every valid file has them.
  static let preambleByteCount = 12
  /// The longest dictionary that is read: the longest that format version 1.0 can declare.
  static let maximumDictionaryByteCount = 65_535

  /// The type of the array's elements.
  let elementType: VectorFile.ElementType
  /// Whether the first byte of a number is its most significant.
  let isBigEndian: Bool
  /// Whether the array is stored column by column; with one row or one column there is no difference.
  let isFortranOrder: Bool
  /// The number of vectors.
  let count: Int
  /// The number of coordinates per vector.
  let dimension: Int

  /// Interprets an array as vectors.
  ///
  /// - Throws: ``VectorFileError`` unless the array has two dimensions of floats.
  init(_ array: NpyDescription) throws(VectorFileError) {
    guard let elementType = array.type.float else {
      throw array.failure(.unsupportedElementType(array.type.text))
    }
    let shape = array.shape
    guard shape.count == 2 else {
      throw array.failure(shape.contains(0) ? .noNumbers(shape) : .wrongRank(shape.count))
    }
    guard shape[1] > 0 else { throw array.failure(.noNumbers(shape)) }
    self.elementType = elementType
    isBigEndian = array.type.isBigEndian
    isFortranOrder = array.isFortranOrder && shape[0] > 1 && shape[1] > 1
    count = shape[0]
    dimension = shape[1]
  }
}

extension NpyHeader {
  /// Whether a file begins with the magic bytes of a `.npy` file.
  static func isAtStart(of bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// Finds the dictionary; `preamble` holds the file's first 12 bytes, or all if there are fewer.
  static func dictionaryRange(
    _ preamble: RawSpan, path: String
  ) throws(VectorFileError) -> Range<Int> {
    guard preamble.byteCount > 0 else { throw VectorFileError(.empty, path: path, offset: 0) }
    let found = preamble.byteArray(0..<min(magic.count, preamble.byteCount))
    guard magic.starts(with: found) else {
      throw VectorFileError(.wrongMagic(found: found), path: path, offset: 0)
    }
    guard preamble.byteCount >= preambleByteCount else {
      let size = UInt64(preamble.byteCount)
      throw VectorFileError(
        .truncated(expected: UInt64(preambleByteCount), found: size), path: path, offset: size)
    }
    let major = preamble.integer(at: 6, as: UInt8.self)
    let minor = preamble.integer(at: 7, as: UInt8.self)
    let start: Int
    let length: Int
    switch (major, minor) {
    case (1, 0):
      start = 10
      length = Int(preamble.integer(at: 8, as: UInt16.self))
    case (2, 0), (3, 0):
      start = 12
      length = Int(preamble.integer(at: 8, as: UInt32.self))
    default:
      throw VectorFileError(
        .unsupportedVersion(major: Int(major), minor: Int(minor)), path: path, offset: 6)
    }
    guard (2...maximumDictionaryByteCount).contains(length) else {
      throw VectorFileError(
        .malformedHeader(
          reason: "its length is \(length), expected 2 to \(maximumDictionaryByteCount)"),
        path: path, offset: 8)
    }
    return start..<start + length
  }

  /// The header that NumPy writes for a float32 array of this shape; its length is the same for all counts.
  static func encoded(count: Int, dimension: Int) -> [UInt8] {
    encoded(type: "'<f4'", count: count, "\(dimension)")
  }

  /// The header that NumPy writes for `count` rows; `axes` lists the lengths of the further axes.
  static func encoded(type: String, count: Int, _ axes: String) -> [UInt8] {
    let shape = axes.isEmpty ? "(\(count),)" : "(\(count), \(axes))"
    var dictionary = "{'descr': \(type), 'fortran_order': False, 'shape': \(shape), }"
    // Like NumPy, leave room for 21 digits of the first axis, then pad to a multiple of 64 bytes.
    dictionary += String(repeating: " ", count: 21 - String(count).utf8.count)
    let unpadded = 10 + dictionary.utf8.count + 1
    dictionary += String(repeating: " ", count: 64 - unpadded % 64) + "\n"
    let length = UInt16(dictionary.utf8.count)
    return magic + [1, 0, UInt8(truncatingIfNeeded: length), UInt8(length >> 8)]
      + Array(dictionary.utf8)
  }
}

/// What a `.npy` file says about its array, which may have any type and shape.
struct NpyDescription {
  /// The type of the elements.
  let type: NumpyType
  /// Whether neighbours along the first axis lie side by side.
  let isFortranOrder: Bool
  /// The length of each axis.
  let shape: [Int]
  /// Where the array's bytes begin.
  let end: Int
  private let start: Int
  private let path: String

  /// Reads the header from the first bytes of a file, or from all of its bytes.
  init(_ file: RawSpan, path: String) throws(VectorFileError) {
    let range = try NpyHeader.dictionaryRange(file, path: path)
    let size = UInt64(file.byteCount)
    guard range.upperBound <= file.byteCount else {
      throw VectorFileError(
        .truncated(expected: UInt64(range.upperBound), found: size), path: path, offset: size)
    }
    var parser = PythonLiteralParser(
      bytes: file.byteArray(range), fileOffset: range.lowerBound, path: path)
    let fields = try parser.parseDictionary()
    func fail(_ reason: String) -> VectorFileError {
      VectorFileError(
        .malformedHeader(reason: reason), path: path, offset: UInt64(range.lowerBound))
    }
    guard fields.keys.sorted() == ["descr", "fortran_order", "shape"] else {
      throw fail(
        "keys \(fields.keys.sorted().joined(separator: ", ")), "
          + "expected descr, fortran_order, shape")
    }
    switch fields["descr"] {
    case .string(let text): type = NumpyType(text: text)
    case .list:
      // The parser stops at a list, so the shape is unknown.
      let records = VectorFileError.Kind.unsupportedElementType(NumpyType.records.text)
      throw VectorFileError(records, path: path, offset: UInt64(range.lowerBound))
    default: throw fail("descr is neither a type nor a list of fields")
    }
    guard case .boolean(let isFortranOrder) = fields["fortran_order"] else {
      throw fail("fortran_order is neither True nor False")
    }
    guard case .tuple(let shape) = fields["shape"] else {
      throw fail("shape is not a tuple of integers")
    }
    self.isFortranOrder = isFortranOrder
    self.shape = shape
    (start, end) = (range.lowerBound, range.upperBound)
    self.path = path
  }

  /// The number of elements if the array is a list: at most one axis has a length other than 1.
  var listCount: Int? {
    shape.isEmpty || shape.filter { $0 != 1 }.count > 1 ? nil : shape.first { $0 != 1 } ?? 1
  }

  /// An error about the header's content.
  func failure(_ kind: VectorFileError.Kind) -> VectorFileError {
    VectorFileError(kind, path: path, offset: UInt64(start))
  }
}

/// Reads the only form of Python literal that a `.npy` header contains.
///
/// This form is a flat dictionary of strings, booleans and tuples of integers, followed by spaces
/// and a line end.
struct PythonLiteralParser {
  /// A value of the dictionary.
  enum Value: Equatable {
    /// A string in single or double quotes, without escapes.
    case string(String)
    /// True or False.
    case boolean(Bool)
    /// Non-negative integers in parentheses.
    case tuple([Int])
    /// A list, which describes a structured type; its content is not read.
    case list
  }

  private let bytes: [UInt8]
  private let fileOffset: Int
  private let path: String
  private var position = 0

  /// Prepares to read `bytes`, which lie at `fileOffset` in the file.
  init(bytes: [UInt8], fileOffset: Int, path: String) {
    self.bytes = bytes
    self.fileOffset = fileOffset
    self.path = path
  }

  /// Reads the whole dictionary and the spaces and line end after it.
  mutating func parseDictionary() throws(VectorFileError) -> [String: Value] {
    var fields: [String: Value] = [:]
    try expect("{")
    while !skip("}") {
      let key = try parseString()
      try expect(":")
      let value = try parseValue()
      guard fields.updateValue(value, forKey: key) == nil else {
        throw malformed("the key '\(key)' appears twice")
      }
      // The rest of the dictionary does not matter: a list describes a type that is refused.
      if value == .list { return ["descr": .list, "fortran_order": .list, "shape": .list] }
      if skip("}") { break }
      try expect(",")
    }
    while position < bytes.count - 1, bytes[position] == UInt8(ascii: " ") { position += 1 }
    guard position == bytes.count - 1, bytes[position] == UInt8(ascii: "\n") else {
      throw malformed("the dictionary is not followed by spaces and one line end")
    }
    return fields
  }

  private mutating func parseValue() throws(VectorFileError) -> Value {
    if skip("True") { return .boolean(true) }
    if skip("False") { return .boolean(false) }
    if skip("[") { return .list }
    if skip("(") { return .tuple(try parseTuple()) }
    return .string(try parseString())
  }

  private mutating func parseTuple() throws(VectorFileError) -> [Int] {
    var values: [Int] = []
    while !skip(")") {
      values.append(try parseInteger())
      if skip(")") {
        // In Python (3) is a number; only (3,) is a tuple.
        guard values.count != 1 else { throw malformed("shape is not a tuple") }
        break
      }
      try expect(",")
    }
    return values
  }

  private mutating func parseInteger() throws(VectorFileError) -> Int {
    skipSpaces()
    let start = position
    var value = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (product, overflowsProduct) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsSum) = product.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !overflowsProduct, !overflowsSum else {
        throw VectorFileError(
          .impossibleSize, path: path, offset: UInt64(fileOffset + start))
      }
      value = sum
      position += 1
    }
    guard position > start else { throw malformed("expected a number") }
    // Python 2 wrote an L after its long integers.
    if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }

  private mutating func parseString() throws(VectorFileError) -> String {
    skipSpaces()
    guard position < bytes.count, bytes[position] == 0x27 || bytes[position] == 0x22 else {
      throw malformed("expected a quoted string")
    }
    let start = position + 1
    let tail = bytes[start...]
    guard let end = tail.firstIndex(of: bytes[position]), !tail[..<end].contains(0x5C) else {
      throw malformed("a string without an end, or with an escape")
    }
    position = end + 1
    return String(decoding: tail[..<end], as: UTF8.self)
  }

  private mutating func expect(_ word: String) throws(VectorFileError) {
    guard skip(word) else { throw malformed("expected '\(word)'") }
  }

  /// Skips spaces, then `word` if it comes next.
  private mutating func skip(_ word: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func skipSpaces() {
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
  }

  private func malformed(_ reason: String) -> VectorFileError {
    VectorFileError(
      .malformedHeader(reason: reason), path: path, offset: UInt64(fileOffset + position))
  }
}
