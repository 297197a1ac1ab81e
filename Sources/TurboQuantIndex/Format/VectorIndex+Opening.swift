// From the sections of a file to an index.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

extension VectorIndex {
  init(_ sections: IndexSections) throws(IndexError) {
    let path = sections.path
    let record = try sections.withBytes(ofSection: IndexRecord.section) {
      (bytes) throws(IndexError) in
      try IndexRecord(bytes) { sections.refusal(IndexRecord.section, $0, $1) }
    }
    let kept = try sections.keptSections()
    let codec = try sections.withBytes(ofSection: IndexRecord.codecSection) {
      (bytes) throws(IndexError) in
      do throws(CodecError) {
        return try Codec(record: bytes)
      } catch {
        throw IndexError(.file(path: path, offset: nil), "\(singleLine(path)): \(error)")
      }
    }
    let mean = try sections.mean(record, dimension: codec.dimension)
    do throws(IndexError) {
      try self.init(
        codec: codec, metric: record.metric, mean: mean, originals: record.originals,
        tags: record.tags)
    } catch {
      throw IndexError(.file(path: path, offset: nil), "\(singleLine(path)): \(error)")
    }
    guard fingerprint.bytes == record.fingerprint else {
      throw sections.refusal(
        IndexRecord.section, "the fingerprint is not that of codec, metric and mean", 32)
    }
    guard record.count <= RowStore.largestCount else {
      throw sections.refusal(
        IndexRecord.section,
        "\(record.count) rows, more than the \(RowStore.largestCount) that an index holds", 8)
    }
    for part in Part.allCases {
      try sections.checkByteCount(of: part, shape, rowCount: record.count)
    }
    try sections.checkTagSections(record)
    rows = RowStore(shape, hasTags: tagKind != nil, in: sections, count: record.count)
    self.sections = sections
    keptSections = kept
    slots = nil
    nextID = record.nextID
  }
}

extension IndexSections {
  func refusal(_ section: String, _ reason: String, _ offset: Int = 0) -> IndexError {
    malformed("section “\(section)”: \(reason)", in: section, at: offset)
  }

  /// The mean of all rows, or nil.
  fileprivate func mean(
    _ record: IndexRecord, dimension: Int
  ) throws(IndexError) -> [Float]? {
    let (name, start) =
      version == 2
      ? (IndexRecord.section, IndexRecord.version2MeanOffset) : (IndexRecord.centersSection, 0)
    let byteCount = 4 * dimension * record.centerCount
    // Version 3 has the section only if there is a centre.
    let found = version == 2 || record.centerCount > 0 ? byteCount + start : nil
    guard self.byteCount(ofSection: name) == found else {
      throw refusal(
        name,
        "\(self.byteCount(ofSection: name) ?? 0) bytes, which is not the length that its flags ask for",
        version == 2 ? 6 : 0)
    }
    guard record.centerCount > 0 else { return nil }
    return try withBytes(ofSection: name, start..<start + byteCount) { bytes in
      (0..<dimension).map { bytes.float32(at: 4 * $0) }
    }
  }

  /// Refuses a section whose length is not that of its rows.
  fileprivate func checkByteCount(
    of part: Part, _ shape: RowShape, rowCount: Int
  ) throws(IndexError) {
    let size = shape.byteCount(of: part)
    let blocks = rowCount / BlockShape.rowCount + (rowCount % BlockShape.rowCount > 0 ? 1 : 0)
    let (expected, overflows) = blocks.multipliedReportingOverflow(by: size)
    let found = byteCount(ofSection: name(of: part))
    guard !overflows, found == (size > 0 ? expected : nil) else {
      throw refusal(
        name(of: part),
        "\(found.map { "\($0) bytes" } ?? "missing"), expected "
          + (size > 0 ? "\(expected) bytes for \(rowCount) rows" : "none"))
    }
  }

  /// Refuses sections of tags that are missing, or too many, or do not end together.
  fileprivate func checkTagSections(_ record: IndexRecord) throws(IndexError) {
    guard version > 2 else { return }
    let hasTags = record.tags != nil
    let (found, expected) = (byteCount(ofSection: TagSections.ends), 8 * record.count)
    guard found == (hasTags ? expected : nil) else {
      throw refusal(
        TagSections.ends,
        "\(found.map { "\($0) bytes" } ?? "missing"), expected \(hasTags ? "\(expected) bytes" : "none")"
      )
    }
    let size = byteCount(ofSection: TagSections.bytes)
    guard (size != nil) == hasTags else {
      throw refusal(TagSections.bytes, "\(hasTags ? "missing" : "there"), expected otherwise")
    }
    guard hasTags else { return }
    let end = record.count > 0 ? try tagRange(ofRow: record.count - 1).upperBound : 0
    guard end == size else {
      throw refusal(TagSections.bytes, "\(size ?? 0) bytes, of which its rows have \(end)", end)
    }
  }
}
