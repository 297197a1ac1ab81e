// From an index to the sections of a file.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage
internal import TurboQuantThreads

extension VectorIndex {
  private var storedParts: [Part] { Part.allCases.filter { shape.byteCount(of: $0) > 0 } }

  var sectionCount: Int {
    2 + (mean == nil ? 0 : 1) + storedParts.count + (tagKind == nil ? 0 : 2)
      + keptSections.count
  }

  /// Bytes of all rows, without tags.
  package var storedByteCount: Int {
    let blocks = BlockShape.blockCount(ofRows: count)
    return storedParts.reduce(0) { $0 + blocks * shape.byteCount(of: $1) }
  }

  /// Bytes of the whole container; fails when tags in a file are damaged.
  func containerByteCount() throws(IndexError) -> Int {
    let blocks = BlockShape.blockCount(ofRows: count)
    var sizes = [codec.record.count, IndexRecord(self).bytes.count]
    if let mean { sizes.append(4 * mean.count) }
    sizes += storedParts.map { blocks * shape.byteCount(of: $0) }
    if let tags = rows.tags { sizes += [8 * count, try tags.byteCount()] }
    sizes += keptSections.map { sections?.byteCount(ofSection: $0) ?? 0 }
    return ContainerFormat.byteCount(ofSections: sizes)
  }

  /// Writes all sections; `monitor` may end it before that.
  func write(
    to writer: inout ContainerWriter, _ monitor: WorkMonitor?
  ) throws(IndexError) {
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
        try monitor?.check()
        try withStoredBytes(of: part, segment) { (bytes) throws(IndexError) in
          try storing { () throws(StorageError) in try writer.append(bytes) }
          monitor?.advance(by: bytes.byteCount)
        }
        rows.segments[segment].forgetBytes(of: part)
      }
      try monitor?.check()
      try storing { () throws(StorageError) in try writer.endSection() }
    }
    if let tags = rows.tags { try write(tags, to: &writer) }
    for name in keptSections {
      try sections?.withBytes(ofSection: name) { (bytes) throws(IndexError) in
        try storing { () throws(StorageError) in
          try writer.writeSection(name, isOptional: true, bytes)
        }
      }
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
}
