extension VectorIndex {
  /// Removes the row of an id.
  ///
  /// - Throws: ``IndexError`` when there is none; nothing is removed then.
  /// - Complexity: O(1) rows: the last row takes the place.
  public mutating func remove(_ id: UInt64) throws(IndexError) { try remove([id]) }

  /// Removes the rows of some ids; the ids are not assigned again.
  ///
  /// - Throws: ``IndexError`` when one of them is not there, or named twice, or the file that the index was
  ///   opened from holds values that no index writes; nothing is removed then.
  public mutating func remove(_ ids: [UInt64]) throws(IndexError) {
    try loadSlots()
    var seen = Set<UInt64>(minimumCapacity: ids.count)
    for id in ids {
      guard slots?[id] != nil, seen.insert(id).inserted else { throw .unknown(id) }
    }
    try rows.load(ids.compactMap { slots?[$0] } + (count - ids.count..<count), rowRules)
    for id in ids {
      guard let slot = slots?[id] else { continue }
      let (moved, movedTag) = (try rows.id(at: count - 1), try rows.tag(at: count - 1))
      let tag = try rows.tag(at: slot)
      try rows.removeBySwap(slot)
      slots?.set(slot, of: moved)
      if let movedTag { slots?.set(slot, of: movedTag) }
      slots?.remove(id, tag)
    }
  }
}
