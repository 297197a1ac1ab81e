// Rows by their tags, the application's own names for them.

package import TurboQuantThreads

extension VectorIndex {
  /// Adds vectors with tags; rows × dimension floats.
  ///
  /// - Parameters:
  ///   - vectors: The vectors, one after another.
  ///   - tags: One tag per vector.
  ///   - threads: Threads that encode.
  /// - Returns: The ids that the rows got, which are numbers after the largest one ever used.
  /// - Throws: ``IndexError`` when a tag is there already or twice in `tags`, longer than
  ///   ``RowTag/largestByteCount``, or of another kind than ``tagKind``; else as ``add(_:ids:threads:)-([Float],_,_)``.
  @discardableResult
  public mutating func add(
    _ vectors: [Float], tags: [some RowTagConvertible], threads: Int = 1
  ) throws(IndexError) -> [UInt64] {
    try add(vectors, tags: tags.map(\.rowTag), threads: threads, nil)
  }

  package mutating func add(
    _ vectors: [Float], tags: [RowTag], threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) -> [UInt64] {
    let count = try checked(tags, forFloats: vectors.count)
    try loadSlots()
    var seen = Set<RowTag>(minimumCapacity: count)
    for (row, tag) in tags.enumerated() {
      if row % 1024 == 0 { try monitor?.check() }
      guard slots?[tag] == nil, seen.insert(tag).inserted else { throw .duplicate(tag, row: row) }
    }
    let ids = try newIDs(nil, count: count)
    try append(vectors, ids, tags: tags, threads: threads, monitor)
    return ids
  }

  /// Adds vectors, or replaces those whose tag is there already and which keep their id; if a tag is given twice, the
  /// last one counts.
  ///
  /// - Returns: The rows' ids.
  /// - Throws: ``IndexError`` as ``add(_:tags:threads:)-([Float],_,_)``, except for tags that are there.
  @discardableResult
  public mutating func upsert(
    _ vectors: [Float], tags: [some RowTagConvertible], threads: Int = 1
  ) throws(IndexError) -> [UInt64] {
    try upsert(vectors, tags: tags.map(\.rowTag), threads: threads, nil)
  }

  package mutating func upsert(
    _ vectors: [Float], tags: [RowTag], threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) -> [UInt64] {
    let count = try checked(tags, forFloats: vectors.count)
    try loadSlots()
    var new: [RowTag: UInt64] = [:]
    var free = try newIDs(nil, count: count).makeIterator()
    var ids: [UInt64] = []
    ids.reserveCapacity(count)
    for tag in tags {
      if let slot = slots?[tag] {
        ids.append(try rows.id(at: slot))
      } else if let id = new[tag] ?? free.next() {
        new[tag] = id
        ids.append(id)
      }
    }
    try put(vectors, ids, tags: tags, threads: threads, monitor)
    return ids
  }

  /// Removes the rows of some tags.
  ///
  /// - Throws: ``IndexError`` when a tag is not there or named twice, or rows have no tags; nothing is removed then.
  public mutating func remove(tags: [some RowTagConvertible]) throws(IndexError) {
    try checkHasTags()
    try loadSlots()
    var ids: [UInt64] = []
    ids.reserveCapacity(tags.count)
    var seen = Set<RowTag>(minimumCapacity: tags.count)
    for tag in tags.lazy.map(\.rowTag) {
      guard let slot = slots?[tag], seen.insert(tag).inserted else { throw .unknown(tag) }
      ids.append(try rows.id(at: slot))
    }
    try remove(ids)
  }

  /// The id of a tag's row, or nil if there is none.
  ///
  /// - Throws: ``IndexError`` when the file that the index is mapped from is damaged.
  /// - Complexity: O(1); O(rows) in an index that was opened and not yet changed.
  public func id(ofTag tag: some RowTagConvertible) throws(IndexError) -> UInt64? {
    guard let tags = rows.tags else { return nil }
    let tag = tag.rowTag
    var found: Int?
    if let slots {
      found = slots[tag]
    } else {
      try tags.forEach { slot, its in if its == tag { found = slot } }
    }
    return if let found { try rows.id(at: found) } else { nil }
  }

  /// The tag of a row, or nil if rows have none.
  ///
  /// - Throws: ``IndexError`` when there is no row of this id.
  public func tag(of id: UInt64) throws(IndexError) -> RowTag? {
    guard let slot = try slot(of: id) else { throw .unknown(id) }
    return try rows.tag(at: slot)
  }

  /// The tags of all rows, in the order of ``ids()``; none if rows have no tags.
  ///
  /// - Throws: ``IndexError`` when the file that the index is mapped from is damaged.
  public func tags() throws(IndexError) -> [RowTag] {
    var tags: [RowTag] = []
    tags.reserveCapacity(rows.tags == nil ? 0 : count)
    try rows.tags?.forEach { tags.append($1) }
    return tags
  }
}

extension VectorIndex {
  /// Bytes of all tags.
  package func tagByteCount() throws(IndexError) -> Int {
    try rows.tags?.byteCount() ?? 0
  }
}

// MARK: Checks

extension VectorIndex {
  /// Refuses rows without tags in an index whose rows have them.
  func checkHasNoTags() throws(IndexError) {
    guard tagKind == nil else {
      throw .notOffered("the rows of this index have tags; give a tag for each vector, and no ids")
    }
  }

  private func checkHasTags() throws(IndexError) {
    guard tagKind != nil else {
      throw .notOffered("the rows of this index have no tags; create it with tags, or use ids")
    }
  }

  /// Checks one tag for each of the vectors in so many floats; returns how many there are.
  private func checked(_ tags: [RowTag], forFloats floatCount: Int) throws(IndexError) -> Int {
    try checkHasTags()
    let count = try rowCount(of: floatCount)
    guard tags.count == count else {
      throw IndexError(
        .tagCountMismatch(tags: tags.count, vectors: count),
        "\(tags.count) tags for \(count) vectors; give one tag for each vector")
    }
    for (row, tag) in tags.enumerated() {
      if let reason = tagKind?.fault(in: tag) { throw .tag(reason, row: row) }
    }
    return count
  }
}

extension TagKind {
  /// What makes a tag one that an index refuses, or nil.
  func fault(in tag: RowTag) -> String? {
    if tag.bytes.count > RowTag.largestByteCount {
      return "a tag of \(tag.bytes.count) bytes, expected at most \(RowTag.largestByteCount)"
    }
    return allows(tag) ? nil : "the tag \(tag), which is not UTF-8, in an index of texts"
  }
}
