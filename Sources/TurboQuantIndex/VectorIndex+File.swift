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
}

// MARK: Saving

extension VectorIndex {
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

  private var sectionCount: Int {
    2 + (mean == nil ? 0 : 1) + storedParts.count + (tagKind == nil ? 0 : 2)
      + (sections?.kept.count ?? 0)
  }

  private func write(_ writer: consuming ContainerWriter) throws(IndexError) {
    try storing { () throws(StorageError) in
      try writer.writeSection(IndexRecord.codecSection, codec.record.span.raw)
      try writer.writeSection(IndexRecord.section, IndexRecord(self).bytes.span.raw)
      if let mean {
        var bytes: [UInt8] = []
        for value in mean { bytes.append(littleEndian: value.bitPattern) }
        try writer.writeSection(IndexRecord.centersSection, bytes.span.raw)
      }
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
    if let tags = rows.tags { try write(tags, to: &writer) }
    for name in sections?.kept ?? [] {
      try sections?.withBytes(ofSection: name) { (bytes) throws(IndexError) in
        try storing { () throws(StorageError) in
          try writer.writeSection(name, isOptional: true, bytes)
        }
      }
    }
    do throws(StorageError) {
      try writer.finish()
    } catch {
      throw IndexError(error)
    }
  }

  private func write(
    _ tags: TagStore, to writer: inout ContainerWriter
  ) throws(IndexError) {
    try storing { () throws(StorageError) in try writer.beginSection(TagSections.ends) }
    var start: UInt64 = 0
    for segment in tags.segments {
      try segment.withBytes { (bytes, ends) throws(IndexError) in
        var places: [UInt8] = []
        for end in ends { places.append(littleEndian: start + UInt64(end)) }
        start += UInt64(bytes.byteCount)
        try storing { () throws(StorageError) in try writer.append(places.span.raw) }
      }
    }
    try storing { () throws(StorageError) in
      try writer.endSection()
      try writer.beginSection(TagSections.bytes)
    }
    for segment in tags.segments {
      try segment.withBytes { (bytes, _) throws(IndexError) in
        try storing { () throws(StorageError) in try writer.append(bytes) }
      }
    }
    try storing { () throws(StorageError) in try writer.endSection() }
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
