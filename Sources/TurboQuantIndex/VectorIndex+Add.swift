internal import TurboQuant
internal import TurboQuantKernels
package import TurboQuantThreads

extension VectorIndex {
  /// Adds vectors; rows × dimension floats.
  ///
  /// - Parameters:
  ///   - vectors: The vectors, one after another.
  ///   - ids: One id per vector; if nil, numbers after the largest id ever used.
  ///   - threads: Threads that encode.
  /// - Returns: The ids.
  /// - Throws: ``IndexError`` when an id is there already or twice in `ids`, the lengths do not match,
  ///   a vector is not finite, float16 originals cannot hold it, or rows have tags; nothing is added then. Also when
  ///   the file that the index was opened from holds values that no index writes.
  /// - Complexity: O(d log d) per vector with the Hadamard rotation.
  @discardableResult
  public mutating func add(
    _ vectors: [Float], ids: [UInt64]? = nil, threads: Int = 1
  ) throws(IndexError) -> [UInt64] {
    try add(vectors, ids: ids, threads: threads, nil)
  }

  package mutating func add(
    _ vectors: [Float], ids: [UInt64]?, threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) -> [UInt64] {
    try checkHasNoTags()
    try loadSlots()
    let all = try newIDs(ids, count: try rowCount(of: vectors.count))
    // Assigned ids are new.
    if ids != nil { try checkAreNew(all, monitor) }
    try append(vectors, all, tags: [], threads: threads, monitor)
    return all
  }

  /// Adds vectors, or replaces those whose id is there already; if an id is given twice, the last one counts.
  ///
  /// - Throws: ``IndexError`` as ``add(_:ids:threads:)-([Float],_,_)``, except for ids that are there.
  public mutating func upsert(
    _ vectors: [Float], ids: [UInt64], threads: Int = 1
  ) throws(IndexError) {
    try upsert(vectors, ids: ids, threads: threads, nil)
  }

  package mutating func upsert(
    _ vectors: [Float], ids: [UInt64], threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) {
    try checkHasNoTags()
    try loadSlots()
    let ids = try newIDs(ids, count: try rowCount(of: vectors.count))
    try put(vectors, ids, tags: [], threads: threads, monitor)
  }

  /// Adds all rows of another index, whose codes are copied as they are.
  ///
  /// Ids that either index ever used are not assigned again. Rows with tags get new ids: theirs were assigned too.
  ///
  /// - Throws: ``IndexError`` when the other index has another fingerprint, keeps originals or tags
  ///   otherwise, or shares an id or a tag, or the file of one of them holds values that no index writes; nothing is
  ///   added then.
  public mutating func merge(_ other: VectorIndex) throws(IndexError) {
    guard other.fingerprint == fingerprint else {
      let (mine, its) = (fingerprint.description, other.fingerprint.description)
      throw IndexError(
        .fingerprintMismatch(expected: mine, found: its),
        "indexes of different fingerprints cannot be merged (\(its.prefix(16))…, expected "
          + "\(mine.prefix(16))…); build them with the same dimension, bits, metric, mean and seed")
    }
    guard other.originals == originals else {
      throw .notOffered("indexes that keep their originals differently cannot be merged")
    }
    guard other.tagKind == tagKind else {
      throw .notOffered(
        "indexes whose rows have tags of another kind, or none, cannot be merged; create both with the same tags"
      )
    }
    try loadSlots()
    try checkRoom(for: other.count)
    let ids = try idsForMerging(other)
    try other.checkStoredRows()
    try other.rows.touch()
    try rows.load([count], rowRules)
    for (row, id) in ids.enumerated() {
      let slot = count
      try rows.append(rowOf: other.rows, row, id: id)
      slots?.set(slot, of: id)
      if let tag = try rows.tag(at: slot) { slots?.set(slot, of: tag) }
    }
    noteIDs(ids)
    guard tagKind == nil else { return }
    // The other index may have used ids of rows that were removed.
    if let next = nextID, let its = other.nextID {
      nextID = max(next, its)
    } else {
      nextID = nil
    }
  }
}

// MARK: Steps

/// Rows as the codec packs them, with components and originals.
private struct EncodedRows {
  let codes: CodeMatrix
  /// One per row, or none.
  let centerComponents: [Float]
  let originals: OriginalRows

  @_lifetime(borrow self, copy ids)
  func batch(_ ids: Span<UInt64>, _ tags: [RowTag], _ codec: Codec) -> RowBatch {
    RowBatch(
      rows: codes.bytes.span.raw, layout: codec.layout, centerComponents: centerComponents.span,
      ids: ids, tags: tags, originals: originals)
  }
}

extension VectorIndex {
  /// The number of vectors in so many floats.
  func rowCount(of floatCount: Int) throws(IndexError) -> Int {
    guard floatCount % codec.dimension == 0 else {
      throw .length(floatCount, dimension: codec.dimension)
    }
    let count = floatCount / codec.dimension
    try checkRoom(for: count)
    return count
  }

  /// Refuses rows whose slots would not fit 32 bits.
  func checkRoom(for new: Int) throws(IndexError) {
    let (sum, overflows) = count.addingReportingOverflow(new)
    guard !overflows, sum <= RowStore.largestCount else {
      throw IndexError(
        .tooManyRows(new),
        "\(new) rows beside \(count) are more than the \(RowStore.largestCount) that an index holds; "
          + "make several")
    }
  }

  /// The ids that the rows of another index get, one for each.
  private func idsForMerging(_ other: VectorIndex) throws(IndexError) -> [UInt64] {
    if let tags = other.rows.tags {
      try tags.forEach { (row, tag) throws(IndexError) in
        if slots?[tag] != nil { throw .duplicate(tag, row: row) }
      }
      return try newIDs(nil, count: other.count)
    }
    let ids = try other.ids()
    for (row, id) in ids.enumerated() where slots?[id] != nil { throw .duplicate(id, row: row) }
    return ids
  }

  /// New ids, or those given if there is one for each of `count` rows.
  func newIDs(_ ids: [UInt64]?, count: Int) throws(IndexError) -> [UInt64] {
    if let ids {
      guard ids.count == count else {
        throw IndexError(
          .idCountMismatch(ids: ids.count, vectors: count),
          "\(ids.count) ids for \(count) vectors; give one id for each vector")
      }
      return ids
    }
    guard count > 0 else { return [] }
    guard let first = nextID, UInt64(count - 1) <= UInt64.max - first else {
      throw IndexError(
        .idsExhausted, "no ids are left above the largest one; give the ids yourself")
    }
    return (0..<UInt64(count)).map { first + $0 }
  }

  private func checkAreNew(_ ids: [UInt64], _ monitor: WorkMonitor?) throws(IndexError) {
    var seen = Set<UInt64>(minimumCapacity: ids.count)
    for (row, id) in ids.enumerated() {
      if row % 1024 == 0 { try monitor?.check() }
      guard slots?[id] == nil, seen.insert(id).inserted else { throw .duplicate(id, row: row) }
    }
  }

  /// Keeps assigned ids above every id that was ever used.
  private mutating func noteIDs(_ ids: [UInt64]) {
    guard let largest = ids.max(), let next = nextID, largest >= next else { return }
    nextID = largest == .max ? nil : largest + 1
  }

  /// Finds every id's slot, once.
  package mutating func loadSlots() throws(IndexError) {
    if slots == nil { slots = try checkedSlots() }
  }

  /// Adds rows of new ids, and of new tags where rows have them.
  mutating func append(
    _ vectors: [Float], _ ids: [UInt64], tags: [RowTag], threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) {
    try rows.load([count], rowRules)
    let (encoded, first) = (try encoded(vectors, threads: threads, monitor), count)
    rows.append(encoded.batch(ids.span, tags, codec))
    let end = count
    slots?.reserveCapacity(end, tags: !tags.isEmpty)
    for (row, id) in ids.enumerated() { slots?.set(first + row, of: id) }
    for (row, tag) in tags.enumerated() { slots?.set(first + row, of: tag) }
    noteIDs(ids)
  }

  /// Adds rows, or replaces those of the same id; a tag is that of the same row as the id.
  mutating func put(
    _ vectors: [Float], _ ids: [UInt64], tags: [RowTag], threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) {
    let encoded = try encoded(vectors, threads: threads, monitor)
    try rows.load(ids.compactMap { slots?[$0] } + [count], rowRules)
    for row in ids.indices {
      let batch = encoded.batch(ids.span, tags, codec)
      if let slot = slots?[ids[row]] {
        rows.put(batch, row, at: slot)
      } else {
        let slot = count
        rows.append(batch, row)
        slots?.set(slot, of: ids[row])
        if !tags.isEmpty { slots?.set(slot, of: tags[row]) }
      }
    }
    noteIDs(ids)
  }

  private func encoded(
    _ vectors: [Float], threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) -> EncodedRows {
    let originals = try OriginalRows(
      vectors, originals, dimension: codec.dimension, codec.kernels)
    let centered = try centers.centered(vectors)
    let codes = try codes(of: centered, threads: threads, monitor)
    try checkNorms(codes.bytes.span.raw)
    return EncodedRows(
      codes: codes, centerComponents: centers.components(ofCentered: centered),
      originals: originals)
  }

  /// Encodes rows, in pieces between which `monitor` may end the work.
  private func codes(
    of rows: [Float], threads: Int, _ monitor: WorkMonitor?
  ) throws(IndexError) -> CodeMatrix {
    guard let monitor else {
      return try rethrowing { () throws(CodecError) in try codec.encode(rows, threads: threads) }
    }
    // Less than a millisecond of work.
    let size = max(1, (1 << 17) / codec.dimension) * max(1, threads)
    let count = rows.count / codec.dimension
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * codec.bytesPerVector)
    for first in stride(from: 0, to: count, by: size) {
      try monitor.check()
      let end = min(count, first + size)
      let piece = rows.span.extracting(first * codec.dimension..<end * codec.dimension)
      do throws(CodecError) {
        bytes += try codec.encode(piece, threads: threads).bytes
      } catch {
        throw IndexError(error.addingRows(first))
      }
      monitor.advance(by: end - first)
    }
    try monitor.check()
    return try rethrowing { () throws(CodecError) in
      try CodeMatrix(unidentified: bytes, of: codec)
    }
  }
}
