// The rows that a search may return, by its filter.

internal import TurboQuantKernels

/// The rows that a search may return.
struct AllowedRows: Sendable {
  /// A bit for each row, a word per block; nil where all rows are allowed.
  private let masks: [UInt32]?
  /// How many there are.
  let count: Int

  init(_ filter: Filter?, in index: VectorIndex) throws(IndexError) {
    guard let filter else {
      (masks, count) = (nil, index.count)
      return
    }
    var masks = [UInt32](repeating: 0, count: index.rows.segments.count * RowSegment.blockCount)
    var count = 0
    func allow(_ slot: Int) {
      masks[slot / BlockShape.rowCount] |= 1 << UInt32(slot % BlockShape.rowCount)
      count += 1
    }
    switch filter {
    case .ids(let ids):
      if let slots = index.slots, ids.count < index.count {
        for id in ids { if let slot = slots[id] { allow(slot) } }
      } else {
        for (slot, id) in try index.ids().enumerated() where ids.contains(id) { allow(slot) }
      }
    case .predicate(let isAllowed):
      for (slot, id) in try index.ids().enumerated() where isAllowed(id) { allow(slot) }
    case .tags(let tags):
      if let slots = index.slots, tags.count < index.count {
        for tag in tags { if let slot = slots[tag] { allow(slot) } }
      } else {
        try index.rows.tags?.forEach { slot, tag in if tags.contains(tag) { allow(slot) } }
      }
    case .tagPredicate(let isAllowed):
      try index.rows.tags?.forEach { slot, tag in if isAllowed(tag) { allow(slot) } }
    }
    (self.masks, self.count) = (masks, count)
  }

  /// The blocks of a segment in which some row is allowed, consecutive ones together.
  func rows(ofSegment number: Int, of store: RowStore) -> [ScannedRows] {
    let blockCount = store.blockCount(ofSegment: number)
    guard let masks else {
      return blockCount > 0 ? [rows(number, 0..<blockCount, of: store, [])] : []
    }
    let words = masks[number * RowSegment.blockCount..<(number + 1) * RowSegment.blockCount]
    var ranges: [Range<Int>] = []
    for block in 0..<blockCount where words[words.startIndex + block] != 0 {
      if let last = ranges.last, last.upperBound == block {
        ranges[ranges.count - 1] = last.lowerBound..<block + 1
      } else {
        ranges.append(block..<block + 1)
      }
    }
    return ranges.map { blocks in
      let first = words.startIndex
      return rows(
        number, blocks, of: store, words[first + blocks.lowerBound..<first + blocks.upperBound])
    }
  }

  private func rows(
    _ number: Int, _ blocks: Range<Int>, of store: RowStore, _ allowed: ArraySlice<UInt32>
  ) -> ScannedRows {
    let first = blocks.lowerBound * BlockShape.rowCount
    let end = min(blocks.upperBound * BlockShape.rowCount, store.rowCount(ofSegment: number))
    return ScannedRows(
      segment: store.segments[number], blocks: blocks, count: end - first, allowed: allowed,
      slots: .from(number * RowSegment.rowCount + first))
  }
}
