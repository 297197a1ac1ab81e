internal import TurboQuantKernels

/// Rows in slots 0 ..< `count`, in segments; a value, whose copies share the segments that neither changes.
struct RowStore: Sendable {
  /// Slots, and the end of the last segment, must fit 32 bits, which searches use.
  static let largestCount = Int(UInt32.max) / RowSegment.rowCount * RowSegment.rowCount

  let shape: RowShape
  private(set) var segments: [RowSegment] = []
  private(set) var count = 0
  /// Nil where rows have none.
  private(set) var tags: TagStore?

  init(_ shape: RowShape, hasTags: Bool) {
    self.shape = shape
    tags = hasTags ? TagStore() : nil
  }

  /// The rows of a mapped file.
  init(_ shape: RowShape, hasTags: Bool, in sections: IndexSections, count: Int) {
    self.shape = shape
    self.count = count
    tags = hasTags ? TagStore(in: sections, count: count) : nil
    segments = stride(from: 0, to: count, by: RowSegment.rowCount).map {
      RowSegment(shape, in: sections, firstBlock: $0 / BlockShape.rowCount)
    }
  }

  /// Rows of segment `index` that are in use.
  func rowCount(ofSegment index: Int) -> Int {
    min(RowSegment.rowCount, count - index * RowSegment.rowCount)
  }

  /// Blocks of segment `index` that are in use.
  func blockCount(ofSegment index: Int) -> Int {
    BlockShape.blockCount(ofRows: rowCount(ofSegment: index))
  }

  private func place(_ slot: Int) -> (segment: Int, block: Int, row: Int) {
    let inside = slot % RowSegment.rowCount
    return (slot / RowSegment.rowCount, inside / BlockShape.rowCount, inside % BlockShape.rowCount)
  }

  /// Lends the block of a part that holds `slot`, with the row within it.
  private func withBlock<R>(
    of part: Part, _ slot: Int, _ body: (RawSpan, _ row: Int) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    let at = place(slot)
    return try segments[at.segment].withBytes(of: part, at.block..<at.block + 1) {
      (bytes) throws(IndexError) in try body(bytes, at.row)
    }
  }

  /// The id in a slot.
  func id(at slot: Int) throws(IndexError) -> UInt64 {
    try withBlock(of: .ids, slot) { $0.uint64(at: 8 * $1) }
  }

  /// The tag in a slot, nil where rows have none.
  func tag(at slot: Int) throws(IndexError) -> RowTag? {
    // A closure would need its error type spelled out.
    if let tags { try tags.tag(at: slot) } else { nil }
  }

  /// A float32 scalar of a slot; if rows do not store it, 0 for components along a centre, else 1.
  func scalar(_ part: Part, at slot: Int) throws(IndexError) -> Float {
    guard shape.byteCount(of: part) > 0 else { return part == .centerComponents ? 0 : 1 }
    return try withBlock(of: part, slot) { $0.float32(at: 4 * $1) }
  }

  /// The packed codes of a slot.
  func packedCodes(at slot: Int) throws(IndexError) -> [UInt8] {
    try withBlock(of: .signs, slot) { (signs, row) throws(IndexError) in
      try withBlock(of: .lowerBits, slot) { (lowerBits, _) in
        shape.codes.packed(row: row, signs: signs, rest: lowerBits)
      }
    }
  }

  /// The packed sketch signs of a slot.
  func packedSketch(at slot: Int) throws(IndexError) -> [UInt8] {
    guard shape.sketchColumns > 0 else { return [] }
    return try withBlock(of: .sketch, slot) { (signs, row) in
      sketchShape.packed(row: row, signs: signs, rest: RawSpan())
    }
  }

  /// Lends the original in a slot.
  func withOriginal<R>(
    at slot: Int, _ body: (RawSpan) -> R
  ) throws(IndexError) -> R {
    let size = shape.originalByteCount
    return try withBlock(of: .originals, slot) { body($0.extracting(size * $1..<size * ($1 + 1))) }
  }

  private var sketchShape: BlockShape {
    BlockShape(dimension: 8 * max(1, shape.sketchColumns), bits: 1)
  }
}

// MARK: Changing

extension RowStore {
  /// Checks the segments of some slots and copies them to memory, after which no change to them can fail.
  mutating func load(
    _ slots: some Sequence<Int>, _ rules: RowRules
  ) throws(IndexError) {
    var last = -1
    for slot in slots where slot / RowSegment.rowCount != last {
      last = slot / RowSegment.rowCount
      guard last < segments.count else { continue }
      try check(last..<last + 1, rules)
      try segments[last].load()
      try tags?.load(segment: last)
    }
  }

  /// Checks the rows of the segments that are in a file; rows in memory were checked before they were stored.
  func check(_ numbers: Range<Int>, _ rules: RowRules) throws(IndexError) {
    for number in numbers {
      guard let sections = segments[number].sections,
        let fault = try rules.firstFault(
          in: segments[number], rowCount: rowCount(ofSegment: number))
      else { continue }
      let section = sections.name(of: fault.part)
      throw sections.malformed(
        "section “\(section)”: row \(number * RowSegment.rowCount + fault.row) \(fault.reason)",
        in: section,
        at: number * RowSegment.blockCount * shape.byteCount(of: fault.part) + fault.offset)
    }
  }

  /// Reads every part of every row, which fails if a part is damaged in a file.
  func touch() throws(IndexError) {
    for segment in segments.indices {
      for part in Part.allCases {
        try segments[segment].withBytes(of: part, 0..<blockCount(ofSegment: segment)) { _ in }
      }
    }
    try tags?.touch()
  }

  /// Begins a segment if all are full.
  ///
  /// A segment grows with its rows, which copies them. With originals, copying takes longer than allocating a whole
  /// segment at once. The first segment still grows, so memory at most doubles.
  private mutating func beginSegmentIfFull() {
    guard count == segments.count * RowSegment.rowCount else { return }
    let isWhole = shape.originalByteCount > 0 && !segments.isEmpty
    segments.append(RowSegment(shape, blockCount: isWhole ? RowSegment.blockCount : 0))
  }

  /// Appends rows; the last segment has been loaded.
  mutating func append(_ batch: borrowing RowBatch) {
    var done = 0
    while done < batch.count {
      let inside = count % RowSegment.rowCount
      beginSegmentIfFull()
      let some = min(batch.count - done, RowSegment.rowCount - inside)
      segments[segments.count - 1].write(batch, done..<done + some, at: inside)
      if tags != nil { for row in done..<done + some { tags?.append(batch.tags[row]) } }
      done += some
      count += some
    }
  }

  /// Appends row `row` of a batch; the last segment has been loaded.
  mutating func append(_ batch: borrowing RowBatch, _ row: Int) {
    beginSegmentIfFull()
    put(batch, row, at: count)
    if tags != nil { tags?.append(batch.tags[row]) }
    count += 1
  }

  /// Replaces the row in a slot, whose segment has been loaded, by row `row` of a batch, which has the same tag.
  mutating func put(_ batch: borrowing RowBatch, _ row: Int, at slot: Int) {
    segments[slot / RowSegment.rowCount].write(batch, row..<row + 1, at: slot % RowSegment.rowCount)
  }

  /// Moves the last row into `slot` and forgets the slot it came from.
  mutating func removeBySwap(_ slot: Int) throws(IndexError) {
    let last = count - 1
    if slot != last { put(try image(of: last), at: slot) }
    try tags?.removeBySwap(slot, last: last)
    count = last
    if count == (segments.count - 1) * RowSegment.rowCount { segments.removeLast() }
  }

  /// Appends row `slot` of another store of the same shape, with the given id.
  mutating func append(rowOf other: RowStore, _ slot: Int, id: UInt64) throws(IndexError) {
    let (image, tag) = (try other.image(of: slot), try other.tag(at: slot))
    beginSegmentIfFull()
    put(image, at: count)
    segments[segments.count - 1].setID(id, at: count % RowSegment.rowCount)
    if let tag { tags?.append(tag) }
    count += 1
  }

  /// A copy of the block that holds a row; it shares no memory, so changes stay in place.
  private func image(of slot: Int) throws(IndexError) -> BlockImage {
    let at = place(slot)
    return BlockImage(parts: try segments[at.segment].copies(ofBlock: at.block), row: at.row)
  }

  private mutating func put(_ image: BlockImage, at slot: Int) {
    segments[slot / RowSegment.rowCount].put(image, at: slot % RowSegment.rowCount)
  }
}

/// One row, with the other rows of its block.
struct BlockImage {
  let parts: [AlignedBytes]
  let row: Int
}
