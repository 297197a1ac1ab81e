internal import TurboQuantKernels

/// The tags of up to 4,096 rows, in memory or in a mapped file.
struct TagSegment: Sendable {
  /// Where each row's tag ends in `bytes`; it begins where the one before ends.
  private var ends: [UInt32] = []
  private var bytes: [UInt8] = []
  /// The rows of a segment in a file.
  private var file: (sections: IndexSections, rows: Range<Int>)?

  /// An empty segment in memory.
  init() {}

  /// The segment of some rows of a mapped file.
  init(in sections: IndexSections, rows: Range<Int>) { file = (sections, rows) }

  var count: Int { file?.rows.count ?? ends.count }

  /// The tag of row `row` of the segment.
  func tag(at row: Int) throws(IndexError) -> RowTag {
    guard let file else { return RowTag(bytes: Array(bytes[range(of: row)])) }
    let place = try file.sections.tagRange(ofRow: file.rows.lowerBound + row)
    return try file.sections.withBytes(ofSection: TagSections.bytes, place) {
      RowTag(bytes: $0.copied())
    }
  }

  /// Lends the tags one after another, with where each ends.
  func withBytes<R>(
    _ body: (_ bytes: RawSpan, _ ends: [UInt32]) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    guard let file else { return try body(bytes.span.raw, ends) }
    let places = try file.sections.tagRanges(ofRows: file.rows)
    let start = places.first?.lowerBound ?? 0
    let range = start..<(places.last?.upperBound ?? start)
    return try file.sections.withBytes(ofSection: TagSections.bytes, range) {
      (bytes) throws(IndexError) in
      try body(bytes, places.map { UInt32($0.upperBound - start) })
    }
  }

  private func range(of row: Int) -> Range<Int> {
    (row > 0 ? Int(ends[row - 1]) : 0)..<Int(ends[row])
  }
}

// MARK: Changing

extension TagSegment {
  /// Copies a mapped segment to memory, so that changes to it cannot fail.
  mutating func load() throws(IndexError) {
    guard file != nil else { return }
    (bytes, ends) = try withBytes { ($0.copied(), $1) }
    file = nil
  }

  mutating func append(_ tag: RowTag) {
    precondition(file == nil)
    bytes += tag.bytes
    ends.append(UInt32(bytes.count))
  }

  /// Replaces the tag of a row.
  ///
  /// - Complexity: O(bytes of the segment), some 5 µs.
  mutating func put(_ tag: RowTag, at row: Int) {
    precondition(file == nil)
    let old = range(of: row)
    bytes.replaceSubrange(old, with: tag.bytes)
    let growth = tag.bytes.count - old.count
    for i in row..<ends.count { ends[i] = UInt32(Int(ends[i]) + growth) }
  }

  mutating func removeLast() {
    precondition(file == nil)
    ends.removeLast()
    bytes.removeLast(bytes.count - Int(ends.last ?? 0))
  }
}
