internal import TurboQuant
internal import TurboQuantKernels

/// Up to 4,096 rows, in memory or in a mapped file.
///
/// That is enough rows to make a search's work per segment small, and few enough to make a change during a search copy
/// little. Copies share their memory until one of them is changed, so a search keeps the rows that it began with.
struct RowSegment: Sendable {
  /// Blocks of a segment.
  static let blockCount = 128
  /// Rows of a segment.
  static let rowCount = blockCount * BlockShape.rowCount

  let shape: RowShape
  /// The bytes of each part, in the order of `Part`, of a segment in memory.
  var parts: [AlignedBytes]
  /// The place of a segment in a file.
  private var file: (sections: IndexSections, firstBlock: Int)?

  /// Creates a segment in memory with room for some blocks, of zeros.
  init(_ shape: RowShape, blockCount: Int = 0) {
    self.shape = shape
    parts = Part.allCases.map { AlignedBytes(byteCount: blockCount * shape.byteCount(of: $0)) }
  }

  /// Creates the segment whose first block is block `firstBlock` of a mapped file.
  init(_ shape: RowShape, in sections: IndexSections, firstBlock: Int) {
    self.shape = shape
    parts = []
    file = (sections, firstBlock)
  }

  /// The file that holds the segment, nil where it is in memory.
  var sections: IndexSections? { file?.sections }

  /// Bytes of a segment in memory.
  var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

  /// Lends a part of consecutive blocks.
  func withBytes<R>(
    of part: Part, _ blocks: Range<Int>, _ body: (RawSpan) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    let size = shape.byteCount(of: part)
    guard size > 0, !blocks.isEmpty else { return try body(RawSpan()) }
    let range = blocks.lowerBound * size..<blocks.upperBound * size
    guard let file else {
      return try body(AlignedBytes.bytes(of: parts, part.rawValue).extracting(range))
    }
    let first = file.firstBlock * size
    return try file.sections.withBytes(
      of: part, first + range.lowerBound..<first + range.upperBound, body)
  }

  /// Frees the memory of a part that has been copied from a mapped file.
  func forgetBytes(of part: Part) {
    guard let file else { return }
    let size = shape.byteCount(of: part)
    let start = file.firstBlock * size
    file.sections.forgetBytes(of: part, start..<start + RowSegment.blockCount * size)
  }

  /// Lends the codes of consecutive blocks.
  func withCodes<R>(
    _ blocks: Range<Int>, _ body: (borrowing IndexBlocks) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    try withBytes(of: .signs, blocks) { (signs) throws(IndexError) in
      try withBytes(of: .lowerBits, blocks) { (lowerBits) throws(IndexError) in
        try body(IndexBlocks(shape.codes, signs: signs, rest: lowerBits, count: blocks.count))
      }
    }
  }

  /// Lends the sign plane of consecutive blocks; the lower bits are not read.
  func withSigns<R>(
    of part: Part, columns: Int, _ blocks: Range<Int>,
    _ body: (borrowing IndexBlocks) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    try withBytes(of: part, blocks) { (signs) throws(IndexError) in
      let plane = BlockShape(dimension: 8 * columns, bits: 1)
      return try body(IndexBlocks(plane, signs: signs, rest: RawSpan(), count: blocks.count))
    }
  }

  /// Lends the scalars of consecutive blocks that similarities are made of.
  func withScalars<R>(
    _ blocks: Range<Int>, alignments usesAlignments: Bool,
    _ body: (SimilarityScalars) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    try withBytes(of: .norms, blocks) { (norms) throws(IndexError) in
      try withBytes(of: .alignments, usesAlignments ? blocks : 0..<0) {
        (alignments) throws(IndexError) in
        try withBytes(of: .centerComponents, blocks) { (along) throws(IndexError) in
          try body(SimilarityScalars(norms: norms, alignments: alignments, along: along))
        }
      }
    }
  }

  /// Copies of every part of one block.
  func copies(ofBlock block: Int) throws(IndexError) -> [AlignedBytes] {
    var copies: [AlignedBytes] = []
    for part in Part.allCases {
      copies.append(
        try withBytes(of: part, block..<block + 1) {
          AlignedBytes(copying: $0, byteCount: shape.byteCount(of: part))
        })
    }
    return copies
  }

  /// A float32 scalar of the first rows; ones where rows do not store it.
  func scalars(_ part: Part, rowCount: Int) throws(IndexError) -> [Float] {
    guard shape.byteCount(of: part) > 0 else { return [Float](repeating: 1, count: rowCount) }
    return try withBytes(of: part, 0..<BlockShape.blockCount(ofRows: rowCount)) { bytes in
      (0..<rowCount).map { bytes.float32(at: 4 * $0) }
    }
  }

  /// A copy of a part of one block whose rows from `rowCount` on are zero.
  func copy(of part: Part, block: Int, rowCount: Int) throws(IndexError) -> AlignedBytes {
    var copy = AlignedBytes(byteCount: shape.byteCount(of: part))
    try withBytes(of: part, block..<block + 1) { bytes in
      var target = copy.mutableBytes
      for row in 0..<rowCount { RowSegment.copyRow(part, bytes, row, to: &target, row, shape) }
    }
    return copy
  }

  /// Overwrites row `row` of a segment in memory.
  mutating func put(_ image: BlockImage, at row: Int) {
    precondition(file == nil)
    reserve(rows: row + 1)
    for part in Part.allCases where shape.byteCount(of: part) > 0 {
      let source = image.parts[part.rawValue]
      var target = parts[part.rawValue].mutableBytes
      RowSegment.copyRow(part, source.bytes, image.row, to: &target, row, shape)
    }
  }

  /// Overwrites the id of row `row` of a segment in memory.
  mutating func setID(_ id: UInt64, at row: Int) {
    precondition(file == nil)
    var ids = parts[Part.ids.rawValue].mutableBytes
    ids.storeBytes(of: id.littleEndian, toByteOffset: 8 * row, as: UInt64.self)
  }

  /// Writes rows of a batch from row `start` on to a segment in memory.
  mutating func write(_ batch: borrowing RowBatch, _ rows: Range<Int>, at start: Int) {
    precondition(file == nil)
    reserve(rows: start + rows.count)
    parts.spread(
      batch, rows, at: start, shape.codes, batch.layout.codes.lowerBound, signs: .signs,
      lowerBits: .lowerBits)
    if shape.sketchColumns > 0 {
      let plane = BlockShape(dimension: 8 * shape.sketchColumns, bits: 1)
      parts.spread(
        batch, rows, at: start, plane, batch.layout.signs.lowerBound, signs: .sketch, lowerBits: nil
      )
    }
    for (part, offset) in batch.scalars where shape.byteCount(of: part) > 0 {
      var target = parts[part.rawValue].mutableBytes
      for row in rows {
        let value = batch.scalar(offset, row: row, part)
        target.storeBytes(
          of: value.bitPattern.littleEndian, toByteOffset: 4 * (start + row - rows.lowerBound),
          as: UInt32.self)
      }
    }
    if shape.hasCenterComponents {
      var target = parts[Part.centerComponents.rawValue].mutableBytes
      for row in rows {
        target.storeBytes(
          of: batch.centerComponents[row].bitPattern.littleEndian,
          toByteOffset: 4 * (start + row - rows.lowerBound), as: UInt32.self)
      }
    }
    var ids = parts[Part.ids.rawValue].mutableBytes
    for row in rows {
      ids.storeBytes(
        of: batch.ids[row].littleEndian, toByteOffset: 8 * (start + row - rows.lowerBound),
        as: UInt64.self)
    }
    let d = shape.codes.dimension
    var originals = parts[Part.originals.rawValue].mutableBytes
    batch.originals.write(
      d * rows.lowerBound..<d * rows.upperBound, to: &originals,
      at: shape.originalByteCount * start)
  }

  /// Copies a part of one row from some blocks to others.
  private static func copyRow(
    _ part: Part, _ source: RawSpan, _ from: Int, to target: inout MutableRawSpan, _ place: Int,
    _ shape: RowShape
  ) {
    let (size, rows) = (shape.byteCount(of: part), BlockShape.rowCount)
    switch part {
    case .signs, .lowerBits, .sketch:
      TurboQuantKernels.copyRow(
        source, at: from / rows * size, row: from % rows, to: &target, at: place / rows * size,
        row: place % rows, shape.planes(of: part))
    case .norms, .alignments, .residualNorms, .centerComponents, .ids, .originals:
      let each = size / rows
      target.copyBytes(of: source.extracting(from * each..<(from + 1) * each), to: place * each)
    }
  }

  /// Makes room for the first `count` rows; at least doubles the room if it grows.
  private mutating func reserve(rows count: Int) {
    let wanted = BlockShape.blockCount(ofRows: count)
    let held = parts[Part.signs.rawValue].byteCount / shape.byteCount(of: .signs)
    guard wanted > held else { return }
    let blocks = min(RowSegment.blockCount, max(wanted, 2 * held))
    parts = Part.allCases.map {
      let part = parts[$0.rawValue]
      return AlignedBytes(copying: part.bytes, byteCount: blocks * shape.byteCount(of: $0))
    }
  }

  /// Copies a mapped segment to memory, so that changes to it cannot fail.
  mutating func load() throws(IndexError) {
    guard let (sections, first) = file else { return }
    var loaded: [AlignedBytes] = []
    for part in Part.allCases {
      let size = shape.byteCount(of: part)
      let end = min((first + RowSegment.blockCount) * size, sections.byteCount(of: part))
      loaded.append(
        try sections.withBytes(of: part, first * size..<max(first * size, end)) {
          AlignedBytes(copying: $0, byteCount: $0.byteCount)
        })
    }
    (parts, file) = (loaded, nil)
  }
}

extension [AlignedBytes] {
  /// Spreads codes of a batch over the columns of one or two parts.
  fileprivate mutating func spread(
    _ batch: borrowing RowBatch, _ rows: Range<Int>, at start: Int, _ shape: BlockShape,
    _ offset: Int, signs signPart: Part, lowerBits lowerPart: Part?
  ) {
    // Taken out of the array, so that both can be changed at once.
    let none = AlignedBytes(byteCount: 0)
    var signs = none
    var lowerBits = none
    swap(&signs, &self[signPart.rawValue])
    if let lowerPart { swap(&lowerBits, &self[lowerPart.rawValue]) }
    do {
      var signBytes = signs.mutableBytes
      var lowerBytes = lowerBits.mutableBytes
      for row in rows {
        let place = start + row - rows.lowerBound
        let block = place / BlockShape.rowCount
        shape.spread(
          batch.rows, at: row * batch.layout.bytesPerVector + offset,
          row: place % BlockShape.rowCount, signs: &signBytes, at: block * shape.signByteCount,
          rest: &lowerBytes, at: block * shape.restByteCount)
      }
    }
    swap(&signs, &self[signPart.rawValue])
    if let lowerPart { swap(&lowerBits, &self[lowerPart.rawValue]) }
  }
}
