internal import TurboQuantKernels
internal import TurboQuantStorage

/// Converts rows of a file to float32, for all formats.
struct RowDecoder: Equatable, Sendable {
  /// The type of the stored coordinates.
  let elementType: VectorFile.ElementType
  /// The number of coordinates per row.
  let dimension: Int
  /// Bytes before the coordinates of each row: 4 in `.fvecs`, where each row repeats the dimension.
  let prefixByteCount: Int
  /// The bytes per row, including the prefix.
  let rowByteCount: Int
  /// Whether the first byte of a number is its most significant.
  let isBigEndian: Bool

  /// Why a row could not be decoded.
  struct Failure: Error {
    /// What was found in the row.
    let kind: VectorFileError.Kind
    /// The row, counted from the first given row.
    let row: Int
    /// The column; `nil` for the prefix.
    let column: Int?
  }

  /// Creates a decoder; `nil` if no file can hold a row of this dimension.
  init?(
    elementType: VectorFile.ElementType, dimension: Int, prefixByteCount: Int = 0,
    isBigEndian: Bool = false
  ) {
    let (bytes, overflows) = dimension.multipliedReportingOverflow(by: elementType.byteCount)
    let (row, overflowsRow) = bytes.addingReportingOverflow(prefixByteCount)
    guard !overflows, !overflowsRow, dimension > 0 else { return nil }
    self.elementType = elementType
    self.dimension = dimension
    self.prefixByteCount = prefixByteCount
    rowByteCount = row
    self.isBigEndian = isBigEndian
  }

  /// The size of a file with `count` rows after `firstOffset` bytes; `nil` if no file is that large.
  func fileByteCount(count: Int, firstOffset: Int) -> UInt64? {
    let (rows, overflows) = count.multipliedReportingOverflow(by: rowByteCount)
    let (sum, overflowsSum) = rows.addingReportingOverflow(firstOffset)
    return overflows || overflowsSum ? nil : UInt64(sum)
  }

  /// Decodes a whole number of rows into `buffer`, which gets exactly their number of coordinates.
  func decode(_ rows: RawSpan, into buffer: inout [Float]) throws(Failure) {
    guard !isBigEndian else {
      return try decodeLittleEndian(turned(rows).span.raw, into: &buffer)
    }
    try decodeLittleEndian(rows, into: &buffer)
  }

  /// Rows without prefixes, with the byte order of every number reversed.
  private func turned(_ rows: RawSpan) -> [UInt8] {
    let size = elementType.byteCount
    return [UInt8](capacity: rows.byteCount) { output in
      for i in 0..<rows.byteCount { output.append(rows.byte(at: i ^ (size - 1))) }
    }
  }

  private func decodeLittleEndian(
    _ rows: RawSpan, into buffer: inout [Float]
  ) throws(Failure) {
    let count = rows.byteCount / rowByteCount
    resize(&buffer, to: count * dimension)
    var destination = buffer.mutableSpan
    guard prefixByteCount > 0 else {
      let bytes = rows.extracting(0..<count * rowByteCount)
      guard let bad = convert(bytes, into: &destination, at: 0) else { return }
      throw failure(of: destination[bad], rows, row: bad / dimension, column: bad % dimension)
    }
    for row in 0..<count {
      let start = row * rowByteCount
      let found = Int(rows.integer(at: start, as: Int32.self))
      guard found == dimension else {
        throw Failure(
          kind: .differingDimension(expected: dimension, found: found), row: row, column: nil)
      }
      let bytes = rows.extracting(start + prefixByteCount..<start + rowByteCount)
      if let bad = convert(bytes, into: &destination, at: row * dimension) {
        throw failure(of: destination[bad], rows, row: row, column: bad % dimension)
      }
    }
  }

  private func resize(_ buffer: inout [Float], to count: Int) {
    if buffer.count > count {
      buffer.removeLast(buffer.count - count)
    } else if buffer.count < count {
      buffer.append(contentsOf: repeatElement(0, count: count - buffer.count))
    }
  }

  /// Explains a value that is not finite by the number in the file.
  private func failure(of value: Float, _ rows: RawSpan, row: Int, column: Int) -> Failure {
    var kind: VectorFileError.Kind = value.isNaN ? .notANumber : .infinite
    if elementType == .float64 {
      let offset = row * rowByteCount + prefixByteCount + column * 8
      let stored = Double(bitPattern: rows.integer(at: offset))
      if stored.isFinite { kind = .overflowsFloat32(stored) }
    }
    return Failure(kind: kind, row: row, column: column)
  }

  /// Converts `source` into `destination` from `start` on; returns the place of the first value that
  /// is not finite.
  private func convert(
    _ source: RawSpan, into destination: inout MutableSpan<Float>, at start: Int
  ) -> Int? {
    switch elementType {
    case .float32:
      var bytes = destination.mutableRaw
      bytes.copyBytes(of: source, to: start * 4)
      return firstNonFinite(destination, start..<start + source.byteCount / 4)
    case .float16:
      return convert(source, into: &destination, at: start, zero: UInt16(0)) {
        widen($0, into: &$1, at: $2)
      }
    case .float64:
      return convert(source, into: &destination, at: start, zero: 0.0) {
        narrow($0, into: &$1, at: $2)
      }
    }
  }

  // A block stays in the first-level cache during the copy (which accepts any alignment), the
  // conversion and the check.
  private static let blockCount = 2048

  private func convert<Element: PlainNumber>(
    _ source: RawSpan, into destination: inout MutableSpan<Float>, at start: Int, zero: Element,
    _ convertBlock: (Span<Element>, inout MutableSpan<Float>, Int) -> Void
  ) -> Int? {
    let size = MemoryLayout<Element>.size
    let count = source.byteCount / size
    var scratch = [Element](repeating: zero, count: min(count, RowDecoder.blockCount))
    var done = 0
    while done < count {
      let block = min(scratch.count, count - done)
      copy(source.extracting(done * size..<(done + block) * size), into: &scratch)
      let first = start + done
      let elements = scratch.span.extracting(0..<block)
      convertBlock(elements, &destination, first)
      if let bad = firstNonFinite(destination, first..<first + block) { return bad }
      done += block
    }
    return nil
  }
}

private func copy<Element: PlainNumber>(_ source: RawSpan, into elements: inout [Element]) {
  var span = elements.mutableSpan
  var bytes = span.mutableRaw
  bytes.copyBytes(of: source)
}

// A separate function, because otherwise the compiler does not see that all indices are in bounds. It
// would then convert one number at a time, which is four times slower.
@inline(never)
private func narrow(
  _ source: Span<Double>, into destination: inout MutableSpan<Float>, at start: Int
) {
  let count = source.count
  precondition(start >= 0 && start <= destination.count - count)
  for index in 0..<count { destination[start &+ index] = Float(source[index]) }
}

/// Finds the first NaN or infinity of `range`.
///
/// Looks at a whole block before it decides, so that the loop can be vectorized.
private func firstNonFinite(_ values: borrowing MutableSpan<Float>, _ range: Range<Int>) -> Int? {
  var start = range.lowerBound
  while start < range.upperBound {
    let end = min(start + 4096, range.upperBound)
    var overflow: UInt32 = 0
    // The exponent is all ones exactly when adding one to it reaches the sign bit.
    for index in start..<end {
      overflow |= (values[index].bitPattern & 0x7FFF_FFFF) &+ 0x0080_0000
    }
    if overflow & 0x8000_0000 != 0 {
      return (start..<end).first { !values[$0].isFinite }
    }
    start = end
  }
  return nil
}
