// Checks of what a file holds, beyond its checksums.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage
internal import TurboQuantThreads

extension VectorIndex {
  /// Checks rows in a file, and ids, for values that no index writes.
  ///
  /// Rows in memory were checked before they were stored, and ids when their slots were found.
  func checkStoredRows(_ monitor: WorkMonitor? = nil) throws(IndexError) {
    guard sections != nil else { return }
    if slots == nil { _ = try checkedSlots() }
    for segment in rows.segments.indices {
      try monitor?.check()
      try rows.check(segment..<segment + 1, rowRules)
    }
  }

  /// The slot of every id and tag; refuses a file that has one twice, or would assign an id again.
  func checkedSlots() throws(IndexError) -> SlotTable {
    var slots = SlotTable()
    slots.reserveCapacity(count, tags: tagKind != nil)
    for (slot, id) in try ids().enumerated() {
      if let earlier = slots.set(slot, of: id), let sections {
        throw sections.malformed(
          "section “ids”: row \(slot) has the id \(id), which row \(earlier) has",
          in: Part.ids.section,
          at: 8 * slot)
      }
      if let nextID, id >= nextID, let sections {
        throw sections.malformed(
          "section “index”: the next id is \(nextID), but row \(slot) has the id \(id)",
          in: IndexRecord.section, at: 16)
      }
    }
    try rows.tags?.forEach { (slot, tag) throws(IndexError) in
      let earlier = slots.set(slot, of: tag)
      guard let sections else { return }
      let fault = tagKind?.fault(in: tag).map { "has \($0)" }
      if let reason = fault ?? earlier.map({ "has the tag “\(tag)”, which row \($0) has" }) {
        throw sections.malformed(
          "section “\(TagSections.bytes)”: row \(slot) \(singleLine(reason))", in: TagSections.ends,
          at: 8 * slot)
      }
    }
    return slots
  }

  /// Checks that bytes of the last block that belong to no row are zero.
  func checkPadding(_ sections: IndexSections) throws(IndexError) {
    let left = count % BlockShape.rowCount
    guard left > 0 else { return }
    let (segment, block) = (
      rows.segments.count - 1, count % RowSegment.rowCount / BlockShape.rowCount
    )
    for part in Part.allCases where shape.byteCount(of: part) > 0 {
      let cleaned = try rows.segments[segment].copy(of: part, block: block, rowCount: left)
      try rows.segments[segment].withBytes(of: part, block..<block + 1) {
        (bytes) throws(IndexError) in
        for i in 0..<bytes.byteCount where bytes.byte(at: i) != cleaned.bytes.byte(at: i) {
          let start = count / BlockShape.rowCount * shape.byteCount(of: part)
          throw sections.malformed(
            "section “\(sections.name(of: part))”: a byte beyond the last row is not zero",
            in: sections.name(of: part),
            at: start + i)
        }
      }
    }
  }
}
