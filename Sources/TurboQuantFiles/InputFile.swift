internal import TurboQuantKernels
internal import TurboQuantStorage

/// A list of ids or lines of text, read whole from a file or from a pipe that ends.
package struct InputFile: Sendable {
  /// The longest line of a text; input with a longer line is not text.
  package static let longestLine = 1 << 20
  /// The largest number of bytes read from a pipe or device, which may never end.
  package static let longestStream = 1 << 30

  /// The path.
  package let path: String
  /// The bytes.
  package let bytes: [UInt8]

  /// Reads a whole file.
  ///
  /// - Parameter writerPatience: The seconds to wait until a pipe has a writer.
  /// - Throws: ``VectorFileError`` for a file that cannot be read, a line longer than
  ///   ``longestLine``, and a pipe that has no writer or no end.
  package init(_ path: String, writerPatience: Int = 5) throws(VectorFileError) {
    let file = try translatingErrors { () throws(StorageError) in
      try FileDescriptor(path, .reading)
    }
    let kind = try translatingErrors { () throws(StorageError) in try file.status().kind }
    guard kind != .directory else { throw VectorFileError(.isDirectory, path: path) }
    let limit = kind == .regular ? Int.max : InputFile.longestStream
    var stream = ByteStream(file, writerPatience: writerPatience)
    var lineStart = 0
    var seen = 0
    while try stream.receiveMore() {
      let arrived = stream.pending
      if let end = arrived[seen...].lastIndex(of: UInt8(ascii: "\n")) { lineStart = end + 1 }
      seen = arrived.count
      guard seen <= limit else {
        throw VectorFileError(.endless(byteCount: limit), path: path, offset: UInt64(limit))
      }
      guard seen - lineStart <= InputFile.longestLine || NpyHeader.isAtStart(of: arrived) else {
        throw VectorFileError(
          .lineTooLong(byteCount: InputFile.longestLine), path: path, offset: UInt64(lineStart))
      }
    }
    self.path = path
    bytes = stream.pending
  }

  /// Whether the file is an array saved by NumPy, and not text.
  package var isNpy: Bool { NpyHeader.isAtStart(of: bytes) }

  /// The numbers of a `.npy` file that has one dimension of non-negative whole numbers.
  ///
  /// - Throws: ``VectorFileError`` for any other array.
  package func wholeNumbers() throws(VectorFileError) -> [UInt64] {
    let array = try NpyDescription(bytes.span.raw, path: path)
    let type = array.type
    guard let (size, isSigned) = type.integer else {
      throw array.failure(.notWholeNumbers(type.text))
    }
    guard let count = array.listCount else { throw array.failure(.notAList(array.shape)) }
    let (byteCount, overflows) = count.multipliedReportingOverflow(by: size)
    let (end, overflowsEnd) = byteCount.addingReportingOverflow(array.end)
    guard !overflows, !overflowsEnd else { throw array.failure(.impossibleSize) }
    guard bytes.count == end else {
      let (expected, found) = (UInt64(end), UInt64(bytes.count))
      throw VectorFileError(
        bytes.count < end
          ? .truncated(expected: expected, found: found)
          : .trailingBytes(expected: expected, found: found),
        path: path, offset: min(expected, found))
    }
    var numbers: [UInt64] = []
    numbers.reserveCapacity(count)
    for row in 0..<count {
      let start = array.end + row * size
      var number: UInt64 = 0
      for i in 0..<size {
        number = number << 8 | UInt64(bytes[start + (type.isBigEndian ? i : size - 1 - i)])
      }
      // Shifted to the top, the number's sign bit becomes the sign bit of `Int64`.
      let signed = Int64(bitPattern: number << (64 - 8 * size)) >> (64 - 8 * size)
      guard !isSigned || signed >= 0 else {
        throw VectorFileError(
          .negativeNumber(Int(signed)), path: path, offset: UInt64(start), row: row)
      }
      numbers.append(number)
    }
    return numbers
  }
}
