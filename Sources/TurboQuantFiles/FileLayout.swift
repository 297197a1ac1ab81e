internal import TurboQuantKernels
internal import TurboQuantStorage

/// Where the rows of a file lie, according to its header.
struct FileLayout {
  /// How a row is stored.
  let decoder: RowDecoder
  /// The number of rows.
  let count: Int
  /// The offset of the first row.
  let firstOffset: Int
  /// The size of the whole file.
  let fileByteCount: UInt64
  /// Whether all first coordinates come first, then all second ones, and so on.
  let isFortranOrder: Bool

  private init(
    _ decoder: RowDecoder?, count: Int, firstOffset: Int, isFortranOrder: Bool = false,
    path: String
  ) throws(VectorFileError) {
    guard let decoder,
      let byteCount = decoder.fileByteCount(count: count, firstOffset: firstOffset)
    else { throw VectorFileError(.impossibleSize, path: path, offset: 0) }
    self.decoder = decoder
    self.count = count
    self.firstOffset = firstOffset
    self.isFortranOrder = isFortranOrder
    fileByteCount = byteCount
  }

  /// Throws unless `byteCount` is exactly the size that the header implies.
  func check(byteCount: UInt64, path: String) throws(VectorFileError) {
    guard byteCount >= fileByteCount else {
      let row = (Int(byteCount) - firstOffset) / decoder.rowByteCount
      throw VectorFileError(
        .truncated(expected: fileByteCount, found: byteCount), path: path, offset: byteCount,
        row: row)
    }
    guard byteCount == fileByteCount else {
      throw VectorFileError(
        .trailingBytes(expected: fileByteCount, found: byteCount), path: path,
        offset: fileByteCount)
    }
  }
}

extension FileLayout {
  /// Reads the header of a `.npy` file from its first bytes.
  init(npy file: RawSpan, path: String) throws(VectorFileError) {
    let description = try NpyDescription(file, path: path)
    let header = try NpyHeader(description)
    let decoder = RowDecoder(
      elementType: header.elementType, dimension: header.dimension,
      isBigEndian: header.isBigEndian)
    try self.init(
      decoder, count: header.count, firstOffset: description.end,
      isFortranOrder: header.isFortranOrder, path: path)
  }

  /// Reads the header of a `.fbin` file.
  init(fbin file: RawSpan, path: String) throws(VectorFileError) {
    let size = UInt64(file.byteCount)
    guard file.byteCount >= 8 else {
      throw VectorFileError(.truncated(expected: 8, found: size), path: path, offset: size)
    }
    let count = Int(file.integer(at: 0, as: UInt32.self))
    let dimension = Int(file.integer(at: 4, as: UInt32.self))
    guard dimension > 0 else {
      throw VectorFileError(.invalidDimension(dimension), path: path, offset: 4)
    }
    let decoder = RowDecoder(elementType: .float32, dimension: dimension)
    try self.init(decoder, count: count, firstOffset: 8, path: path)
  }

  /// Reads the dimension from the first row of a `.fvecs` file and the row count from the file's size.
  init(fvecs file: RawSpan, path: String) throws(VectorFileError) {
    let size = UInt64(file.byteCount)
    guard file.byteCount >= 4 else {
      throw VectorFileError(
        .truncated(expected: 4, found: size), path: path, offset: size, row: 0)
    }
    let dimension = Int(file.integer(at: 0, as: Int32.self))
    guard dimension > 0 else {
      throw VectorFileError(.invalidDimension(dimension), path: path, offset: 0, row: 0)
    }
    let decoder = RowDecoder(elementType: .float32, dimension: dimension, prefixByteCount: 4)
    guard let rowByteCount = decoder?.rowByteCount else {
      throw VectorFileError(.impossibleSize, path: path, offset: 0)
    }
    let isWhole = file.byteCount % rowByteCount == 0
    let count = file.byteCount / rowByteCount + (isWhole ? 0 : 1)
    if !isWhole {
      // Either the last row is incomplete, which `check` finds, or a row has another dimension.
      for row in 1..<max(count, 1) where row * rowByteCount + 4 <= file.byteCount {
        let found = Int(file.integer(at: row * rowByteCount, as: Int32.self))
        guard found == dimension else {
          throw VectorFileError(
            .differingDimension(expected: dimension, found: found), path: path,
            offset: UInt64(row * rowByteCount), row: row)
        }
      }
    }
    try self.init(decoder, count: count, firstOffset: 0, path: path)
  }
}
