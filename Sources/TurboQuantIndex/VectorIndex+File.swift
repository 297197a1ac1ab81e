internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

extension VectorIndex {
  /// Opens the index in a `.tqi` file by mapping it; rows are read in place when they are needed.
  ///
  /// Each mebibyte is checked against its checksum when it is first touched. The file may be larger than
  /// memory. It may be replaced meanwhile, as ``save(to:)`` does, but not cut.
  ///
  /// - Throws: ``IndexError`` when the file is missing, damaged, not an index, or of a version or codec
  ///   that this build cannot read.
  public init(opening path: String) throws(IndexError) {
    let container: ContainerReader
    do throws(StorageError) {
      container = try ContainerReader(path, kind: IndexRecord.kind)
    } catch {
      throw IndexError(error)
    }
    try self.init(IndexSections(container))
  }

  private init(_ sections: IndexSections) throws(IndexError) {
    let path = sections.path
    func refuse(_ section: String, _ reason: String, _ offset: Int = 0) -> IndexError {
      sections.malformed("section “\(section)”: \(reason)", in: section, at: offset)
    }
    let codec = try sections.withBytes(ofSection: IndexRecord.codecSection) {
      (bytes) throws(IndexError) in
      do throws(CodecError) {
        return try Codec(record: bytes)
      } catch {
        throw IndexError(.file(path: path, offset: nil), "\(singleLine(path)): \(error)")
      }
    }
    let record = try sections.withBytes(ofSection: IndexRecord.section) {
      (bytes) throws(IndexError) in
      try IndexRecord(bytes, dimension: codec.dimension) { refuse(IndexRecord.section, $0, $1) }
    }
    do throws(IndexError) {
      try self.init(
        codec: codec, metric: record.metric, mean: record.mean, originals: record.originals)
    } catch {
      throw IndexError(.file(path: path, offset: nil), "\(singleLine(path)): \(error)")
    }
    guard fingerprint.bytes == record.fingerprint else {
      throw refuse(IndexRecord.section, "the fingerprint is not that of codec, metric and mean", 32)
    }
    guard record.count <= RowStore.largestCount else {
      throw refuse(
        IndexRecord.section,
        "\(record.count) rows, more than the \(RowStore.largestCount) that an index holds", 8)
    }
    let blocks =
      record.count / BlockShape.rowCount + (record.count % BlockShape.rowCount > 0 ? 1 : 0)
    for part in Part.allCases {
      let (expected, overflows) = blocks.multipliedReportingOverflow(by: shape.byteCount(of: part))
      let found = sections.byteCount(ofSection: part.section)
      guard !overflows, found == (shape.byteCount(of: part) > 0 ? expected : nil) else {
        throw refuse(
          part.section,
          "\(found.map { "\($0) bytes" } ?? "missing"), expected "
            + (shape.byteCount(of: part) > 0
              ? "\(expected) bytes for \(record.count) rows" : "none"))
      }
    }
    rows = RowStore(shape, in: sections, count: record.count)
    self.sections = sections
    slots = nil
    nextID = record.nextID
  }

  /// Writes the index to a file, which is replaced whole or not at all.
  ///
  /// What another process has written there since the index was opened is lost: whoever changes an index
  /// that others change too holds an ``IndexFileLock`` from opening to saving. Where one is held, this
  /// waits up to 30 seconds for its end.
  ///
  /// A symbolic link is followed: the file it leads to is replaced. Of a file with several names (hard
  /// links) only the one given gets the new file. A file that may not be written is refused. The new file
  /// has the old one's permissions, without set-user-ID, set-group-ID and sticky bit, and its owner where
  /// the system allows that; access control lists and extended attributes are not kept.
  ///
  /// - Throws: ``IndexError`` when writing fails, or the file it is mapped from is damaged or holds values that no
  ///   index writes; these are never written again. The path then holds what it held before, unless the error
  ///   says that the new file is in place: the very last step, which protects it from a power cut, has failed.
  public func save(to path: String) throws(IndexError) {
    try checkStoredRows()
    try write(
      storing { () throws(StorageError) in
        try ContainerWriter(path, kind: IndexRecord.kind, sectionCount: sectionCount)
      })
  }

  /// Writes the index to the file that is locked, which is replaced whole or not at all.
  ///
  /// - Throws: ``IndexError`` as ``save(to:)`` does.
  public func save(replacing lock: consuming IndexFileLock) throws(IndexError) {
    try checkStoredRows()
    let writer: ContainerWriter
    do throws(StorageError) {
      writer = try ContainerWriter(
        replacing: lock.file, kind: IndexRecord.kind, sectionCount: sectionCount)
    } catch {
      throw IndexError(error)
    }
    try write(writer)
  }

  private var storedParts: [Part] { Part.allCases.filter { shape.byteCount(of: $0) > 0 } }

  private var sectionCount: Int { 2 + storedParts.count }

  private func write(_ writer: consuming ContainerWriter) throws(IndexError) {
    try storing { () throws(StorageError) in
      try writer.writeSection(IndexRecord.codecSection, codec.record.span.raw)
      try writer.writeSection(IndexRecord.section, IndexRecord(self).bytes.span.raw)
    }
    for part in storedParts {
      try storing { () throws(StorageError) in try writer.beginSection(part.section) }
      for segment in rows.segments.indices {
        try withStoredBytes(of: part, segment) { (bytes) throws(IndexError) in
          try storing { () throws(StorageError) in try writer.append(bytes) }
        }
        rows.segments[segment].forgetBytes(of: part)
      }
      try storing { () throws(StorageError) in try writer.endSection() }
    }
    do throws(StorageError) {
      try writer.finish()
    } catch {
      throw IndexError(error)
    }
  }

  /// Lends a part of a segment as it is stored: bytes that removed rows left in the last block are zero.
  private func withStoredBytes(
    of part: Part, _ segment: Int, _ body: (RawSpan) throws(IndexError) -> Void
  ) throws(IndexError) {
    let whole = rows.rowCount(ofSegment: segment) / BlockShape.rowCount
    let left = rows.rowCount(ofSegment: segment) % BlockShape.rowCount
    try rows.segments[segment].withBytes(of: part, 0..<whole, body)
    guard left > 0 else { return }
    let cleaned = try rows.segments[segment].copy(of: part, block: whole, rowCount: left)
    try body(cleaned.bytes)
  }

  /// Checks every byte of a `.tqi` file, and that its rows make sense.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - progress: Called now and then with the bytes checked and the bytes to check.
  /// - Returns: The index.
  /// - Throws: ``IndexError`` at the first damaged place.
  @discardableResult
  public static func verify(
    _ path: String, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(IndexError) -> VectorIndex {
    let index = try VectorIndex(opening: path)
    guard let sections = index.sections else { return index }
    try sections.verify(progress: progress)
    try index.checkStoredRows()
    try index.checkPadding(sections)
    return index
  }

  /// Checks rows in a file, and ids, for values that no index writes.
  ///
  /// Rows in memory were checked before they were stored, and ids when their slots were found.
  func checkStoredRows() throws(IndexError) {
    guard sections != nil else { return }
    if slots == nil { _ = try checkedSlots() }
    try rows.check(rows.segments.indices, rowRules)
  }

  /// The slot of every id; refuses a file that has an id twice or would assign one again.
  func checkedSlots() throws(IndexError) -> [UInt64: Int] {
    var slots: [UInt64: Int] = [:]
    slots.reserveCapacity(count)
    for (slot, id) in try ids().enumerated() {
      if let earlier = slots.updateValue(slot, forKey: id), let sections {
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
    return slots
  }

  /// Checks that bytes of the last block that belong to no row are zero.
  private func checkPadding(_ sections: IndexSections) throws(IndexError) {
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
            "section “\(part.section)”: a byte beyond the last row is not zero", in: part.section,
            at: start + i)
        }
      }
    }
  }
}

/// Runs `body` with storage errors turned into the index's.
private func storing<R: ~Copyable>(
  _ body: () throws(StorageError) -> R
) throws(IndexError) -> R {
  do {
    return try body()
  } catch {
    throw IndexError(error)
  }
}
