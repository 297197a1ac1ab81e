// From a cache to the sections of a snapshot.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

extension KVCache {
  var sectionCount: Int {
    SnapshotRecord.sections.count + (positions.gaps.isEmpty ? 0 : 1) + unknownSections.count
  }

  /// Bytes of the whole container.
  var containerByteCount: Int {
    var (exact, centers, pages) = (0, 0, 0)
    for vectors in allVectors {
      exact += vectors.sinks.byteCount + vectors.window.byteCount
      centers += 4 * vectors.center.count + 2 * vectors.channels.count
      pages += vectors.stored.storedByteCount
    }
    let removed = positions.gaps.isEmpty ? [] : [positions.bytes.count]
    let own = [
      codec.configuration.record.utf8.count,
      SnapshotRecord.Tokens.byteCount(version: SnapshotRecord.version), exact, centers, pages,
    ]
    return ContainerFormat.byteCount(
      ofSections: own + removed + unknownSections.map(\.bytes.byteCount))
  }

  /// Writes all sections.
  func write(to writer: inout ContainerWriter) throws(StorageError) {
    let record = Array(codec.configuration.record.utf8)
    try writer.writeSection(SnapshotRecord.configuration, record.span.raw)
    let tokens = SnapshotRecord.Tokens(self)
    try writer.writeSection(SnapshotRecord.tokens, tokens.bytes.span.raw)
    try writer.beginSection(SnapshotRecord.exact)
    for vectors in allVectors {
      for rows in [vectors.sinks, vectors.window] {
        try rows.withBytes { (bytes) throws(StorageError) in try writer.append(bytes) }
      }
    }
    try writer.endSection()
    try writer.beginSection(SnapshotRecord.centers)
    for vectors in allVectors {
      try writer.append(vectors.center.span.raw)
      try writer.append(vectors.channels.span.raw)
    }
    try writer.endSection()
    try writer.beginSection(SnapshotRecord.pages)
    for vectors in allVectors {
      for page in 0..<vectors.stored.pageCount {
        for part in vectors.stored.stored(page) { try writer.append(part.bytes) }
      }
    }
    try writer.endSection()
    if !positions.gaps.isEmpty {
      try writer.writeSection(SnapshotRecord.removed, positions.bytes.span.raw)
    }
    for section in unknownSections {
      try writer.writeSection(section.name, isOptional: true, section.bytes.bytes)
    }
  }

  /// The keys and the values of every head, head by head.
  private var allVectors: [HeadVectors] { heads.flatMap { [$0.keys, $0.values] } }
}
