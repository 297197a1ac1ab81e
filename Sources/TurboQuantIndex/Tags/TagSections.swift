internal import TurboQuantKernels

/// The sections of a `.tqi` file that hold tags; Documentation/FileFormat.md has the byte table.
enum TagSections {
  /// For each row, a u64: where its tag ends in the other section.
  static let ends = "tag ends"
  /// The tags, one after another.
  static let bytes = "tags"
}

extension IndexSections {
  /// Where the tags of some rows are in their section.
  ///
  /// - Throws: ``IndexError`` for a tag that no index writes.
  func tagRanges(ofRows rows: Range<Int>) throws(IndexError) -> [Range<Int>] {
    guard !rows.isEmpty else { return [] }
    let size = byteCount(ofSection: TagSections.bytes) ?? 0
    let first = max(0, rows.lowerBound - 1)
    let ends = try withBytes(ofSection: TagSections.ends, 8 * first..<8 * rows.upperBound) {
      bytes in (0..<rows.upperBound - first).map { bytes.uint64(at: 8 * $0) }
    }
    var start = rows.lowerBound > 0 ? ends[0] : 0
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(rows.count)
    for row in rows {
      let end = ends[row - first]
      guard start <= end, end <= UInt64(size), end - start <= UInt64(RowTag.largestByteCount) else {
        throw malformed(
          "section “\(TagSections.ends)”: row \(row) has a tag from byte \(start) to \(end) of \(size), "
            + "expected at most \(RowTag.largestByteCount) bytes",
          in: TagSections.ends, at: 8 * row)
      }
      ranges.append(Int(start)..<Int(end))
      start = end
    }
    return ranges
  }

  /// Where the tag of a row is in its section.
  func tagRange(ofRow row: Int) throws(IndexError) -> Range<Int> {
    try tagRanges(ofRows: row..<row + 1)[0]
  }
}
