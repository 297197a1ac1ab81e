internal import TurboQuantKernels
package import TurboQuantStorage

/// Reads float vectors, some rows at a time, from an interchange file or from standard input.
///
/// ```swift
/// var file = try VectorFile.open("vectors.npy")
/// var block: [Float] = []
/// while try file.read(upTo: 1000, into: &block) > 0 {
///   use(block, file.dimension)
/// }
/// ```
///
/// The extension tells the supported formats apart: `.npy`, `.fvecs` and `.fbin`. A `.npy` file may
/// have format versions 1.0 to 3.0. It contains float16, float32 or float64 numbers in either byte
/// order, in two dimensions, row by row or in NumPy's Fortran order. The path `-` reads a `.npy`
/// stream from standard input, row by row. The other two formats are not supported there, because
/// they cannot be told apart without an extension.
///
/// Files are mapped, so they may exceed memory. They must not be truncated while they are read: that
/// stops the program. Every value is checked. NaN, infinity and float64 values beyond the range of
/// float32 are refused with their row and column.
public struct VectorFile: ~Copyable, Sendable {
  /// The type of the numbers in a file; all types are read as float32.
  public enum ElementType: Equatable, Sendable {
    /// IEEE half precision.
    case float16
    /// IEEE single precision.
    case float32
    /// IEEE double precision, rounded to nearest when read.
    case float64

    /// The number of bytes per number.
    public var byteCount: Int {
      switch self {
      case .float16: 2
      case .float32: 4
      case .float64: 8
      }
    }
  }

  /// The supported file formats.
  public enum Format: String, CaseIterable, Sendable {
    /// NumPy's format.
    case npy
    /// Each row has an int32 dimension, then float32 coordinates.
    case fvecs
    /// Count and dimension as uint32, then float32 rows.
    case fbin

    /// The list of extensions for error messages.
    static var extensionList: String { ".npy, .fvecs or .fbin" }
  }

  /// The path, or "standard input".
  public let path: String
  /// The format of the file.
  public let format: Format
  /// The number of vectors; for standard input the header's claim, which is checked at the end.
  public let count: Int
  /// The number of coordinates per vector, at least 1.
  public var dimension: Int { decoder.dimension }
  /// The type of the numbers in the file.
  public var elementType: ElementType { decoder.elementType }
  /// The row that ``read(upTo:into:)`` reads next.
  public private(set) var nextRow = 0

  private let decoder: RowDecoder
  private let firstOffset: Int
  private let isFortranOrder: Bool
  // Only one of these two is in use; the mapping of a stream is empty.
  private let mapping: Mapping
  private var stream: ByteStream?

  /// Opens the file at `path`, or standard input for `-`, and checks its header and size.
  ///
  /// - Throws: ``VectorFileError`` for a file that does not exist, has no supported format, or does
  ///   not have the size its header claims. A header's claim alone never allocates memory.
  public static func open(_ path: String) throws(VectorFileError) -> VectorFile {
    guard path != "-" else { return try VectorFile(stream: .standardInput()) }
    let mapping = try translatingErrors { () throws(StorageError) in try Mapping(path) }
    guard mapping.byteCount > 0 else { throw VectorFileError(.empty, path: path, offset: 0) }
    return try VectorFile(mapping)
  }

  private init(_ mapping: consuming Mapping) throws(VectorFileError) {
    let path = mapping.path
    let format = try Format(path: path)
    let layout =
      switch format {
      case .npy: try FileLayout(npy: mapping.bytes, path: path)
      case .fvecs: try FileLayout(fvecs: mapping.bytes, path: path)
      case .fbin: try FileLayout(fbin: mapping.bytes, path: path)
      }
    try layout.check(byteCount: UInt64(mapping.byteCount), path: path)
    if !layout.isFortranOrder { mapping.adviseSequentialReading() }
    self.path = path
    self.format = format
    count = layout.count
    decoder = layout.decoder
    firstOffset = layout.firstOffset
    isFortranOrder = layout.isFortranOrder
    self.mapping = mapping
    stream = nil
  }

  /// Reads a `.npy` stream from an open file, as `-` reads standard input.
  package init(stream file: consuming FileDescriptor) throws(VectorFileError) {
    let path = file.path
    var stream = ByteStream(file)
    try stream.fill(NpyHeader.preambleByteCount)
    let end = try NpyHeader.dictionaryRange(stream.pending.span.raw, path: path).upperBound
    try stream.fill(end)
    let layout = try FileLayout(npy: stream.pending.span.raw, path: path)
    // In Fortran order, the first row is complete only when the last column begins.
    guard !layout.isFortranOrder else { throw VectorFileError(.fortranOrder, path: path) }
    stream.discard(end)
    self.path = path
    format = .npy
    count = layout.count
    decoder = layout.decoder
    firstOffset = layout.firstOffset
    isFortranOrder = false
    mapping = Mapping(emptyFor: path)
    self.stream = consume stream
  }

  /// Reads the next rows as float32.
  ///
  /// - Parameters:
  ///   - maximumRowCount: The largest number of rows to read, at least 1.
  ///   - buffer: Receives the coordinates, row after row, and is resized to their number. Its
  ///     content is unspecified after an error.
  /// - Returns: The number of rows read, 0 at the end.
  /// - Throws: ``VectorFileError`` for a value that is not a finite float32, a row of another
  ///   dimension, a stream that is longer or shorter than its header says, or a maximum below 1.
  public mutating func read(
    upTo maximumRowCount: Int, into buffer: inout [Float]
  ) throws(VectorFileError) -> Int {
    guard maximumRowCount > 0 else {
      throw VectorFileError(.misuse(reason: "reading \(maximumRowCount) rows"), path: path)
    }
    let rows = nextRow..<nextRow + min(maximumRowCount, count - nextRow)
    if stream == nil {
      try read(rows: rows, into: &buffer)
      forget(rows)
    } else {
      try readStream(rows, into: &buffer)
    }
    nextRow = rows.upperBound
    return rows.count
  }

  /// Reads any rows as float32, without moving the position of ``read(upTo:into:)``.
  ///
  /// - Parameters:
  ///   - rows: The rows, which must all be in the file.
  ///   - buffer: Receives the coordinates, row after row, and is resized to their number. Its
  ///     content is unspecified after an error.
  /// - Throws: ``VectorFileError`` for the same reasons as ``read(upTo:into:)``, for rows that are
  ///   not in the file, and for standard input.
  public func read(rows: Range<Int>, into buffer: inout [Float]) throws(VectorFileError) {
    guard rows.lowerBound >= 0, rows.upperBound <= count else {
      throw VectorFileError(.misuse(reason: "rows \(rows) of \(count)"), path: path)
    }
    guard stream == nil else {
      throw VectorFileError(.misuse(reason: "standard input is read only once"), path: path)
    }
    guard !isFortranOrder else {
      return try decode(gather(rows).span.raw, firstRow: rows.lowerBound, into: &buffer)
    }
    let start = firstOffset + rows.lowerBound * decoder.rowByteCount
    let bytes = mapping.bytes.extracting(start..<start + rows.count * decoder.rowByteCount)
    try decode(bytes, firstRow: rows.lowerBound, into: &buffer)
  }

  /// Makes ``read(upTo:into:)`` begin again with the first row, which standard input cannot do.
  ///
  /// - Throws: ``VectorFileError`` for standard input after rows have been read.
  public mutating func rewind() throws(VectorFileError) {
    guard stream == nil || nextRow == 0 else {
      throw VectorFileError(.misuse(reason: "standard input is read only once"), path: path)
    }
    nextRow = 0
  }

  /// Frees the memory of rows that have been read.
  ///
  /// In Fortran order nothing is freed, because a row is spread over the whole file.
  private func forget(_ rows: Range<Int>) {
    guard !isFortranOrder else { return }
    let size = decoder.rowByteCount
    mapping.forget(firstOffset + rows.lowerBound * size..<firstOffset + rows.upperBound * size)
  }

  private func decode(
    _ bytes: RawSpan, firstRow: Int, into buffer: inout [Float]
  ) throws(VectorFileError) {
    do throws(RowDecoder.Failure) {
      try decoder.decode(bytes, into: &buffer)
    } catch {
      let row = firstRow + error.row
      throw VectorFileError(
        error.kind, path: path, offset: UInt64(offset(row, error.column)), row: row,
        column: error.column)
    }
  }

  /// The offset of a number in the file; without a column, the offset of its row's prefix.
  private func offset(_ row: Int, _ column: Int?) -> Int {
    let size = elementType.byteCount
    if isFortranOrder { return firstOffset + ((column ?? 0) * count + row) * size }
    let start = firstOffset + row * decoder.rowByteCount
    return column.map { start + decoder.prefixByteCount + $0 * size } ?? start
  }

  /// The bytes of rows from an array in Fortran order, row after row.
  private func gather(_ rows: Range<Int>) -> [UInt8] {
    let (size, stride, bytes) = (elementType.byteCount, decoder.rowByteCount, mapping.bytes)
    var gathered = [UInt8](repeating: 0, count: rows.count * stride)
    for column in 0..<dimension {
      let start = offset(rows.lowerBound, column)
      for row in 0..<rows.count {
        for byte in 0..<size {
          gathered[row * stride + column * size + byte] = bytes.byte(at: start + row * size + byte)
        }
      }
    }
    return gathered
  }

  private mutating func readStream(
    _ rows: Range<Int>, into buffer: inout [Float]
  ) throws(VectorFileError) {
    let size = decoder.rowByteCount
    // This cannot overflow: `FileLayout` has checked the size of all rows together.
    let wanted = rows.count * size
    try stream?.fill(wanted)
    let bytes = stream?.pending ?? []
    let expected = UInt64(firstOffset + count * size)
    guard bytes.count >= wanted else {
      let found = UInt64(firstOffset + rows.lowerBound * size + bytes.count)
      throw VectorFileError(
        .truncated(expected: expected, found: found), path: path, offset: found,
        row: rows.lowerBound + bytes.count / size)
    }
    try decode(bytes.span.raw.extracting(0..<wanted), firstRow: rows.lowerBound, into: &buffer)
    stream?.discard(wanted)
    guard rows.upperBound == count else { return }
    try stream?.fill(1)
    let rest = stream?.pending.count ?? 0
    guard rest == 0 else {
      throw VectorFileError(
        .trailingBytes(expected: expected, found: expected + UInt64(rest)), path: path,
        offset: expected)
    }
  }
}

extension VectorFile.Format {
  /// Recognizes the format by the extension of a path.
  init(path: String) throws(VectorFileError) {
    let name = path.split(separator: "/").last ?? ""
    let found = name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
    guard let format = VectorFile.Format(rawValue: String(found.dropFirst()).lowercased()) else {
      throw VectorFileError(.unknownExtension(found), path: path)
    }
    self = format
  }
}
