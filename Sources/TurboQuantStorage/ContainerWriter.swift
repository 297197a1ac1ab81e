internal import TurboQuantKernels

/// Writes a container section by section, to a file in constant memory, replacing its target whole, or to memory.
///
/// ```swift
/// var writer = try ContainerWriter("vectors.tqv", kind: "VECS", sectionCount: 2)
/// try writer.writeSection("codec", record.span.raw)
/// try writer.beginSection("codes")
/// while let block = next() { try writer.append(block.span.raw) }
/// try writer.endSection()
/// try writer.finish()
/// ```
///
/// The target does not change before `finish`. A writer that ends without `finish` leaves nothing
/// behind.
package struct ContainerWriter: ~Copyable, Sendable {
  private var output: ContainerOutput
  private let kind: String
  private let sectionCount: Int
  private var sections: [ContainerSection] = []
  private var checksums: [[UInt32]] = []
  private var isInSection = false
  // The incomplete last chunk of the open section.
  private var chunk = [UInt8](repeating: 0, count: ContainerFormat.chunkByteCount)
  private var chunkFill = 0

  /// Begins a container of exactly `sectionCount` sections at `path`.
  ///
  /// - Parameters:
  ///   - path: The target. It may exist, but not be a directory.
  ///   - kind: Four printable ASCII characters that say what the sections mean.
  ///   - sectionCount: The number of sections that will follow, at most 64.
  package init(_ path: String, kind: String, sectionCount: Int) throws(StorageError) {
    try ContainerWriter.check(kind: kind, sectionCount: sectionCount, path)
    try self.init(.init(AtomicFile(path)), kind: kind, sectionCount: sectionCount)
  }

  /// Begins a container that replaces a locked file.
  package init(
    replacing lock: consuming FileLock, kind: String, sectionCount: Int
  ) throws(StorageError) {
    try ContainerWriter.check(kind: kind, sectionCount: sectionCount, lock.target.path)
    try self.init(.init(AtomicFile(replacing: lock)), kind: kind, sectionCount: sectionCount)
  }

  /// Begins a container in memory, which `finishInMemory` returns; errors call it `name`.
  ///
  /// - Parameter byteCount: The bytes to make room for at once.
  package init(
    inMemory byteCount: Int, named name: String, kind: String, sectionCount: Int
  ) throws(StorageError) {
    try ContainerWriter.check(kind: kind, sectionCount: sectionCount, name)
    try self.init(
      .init(inMemory: byteCount, named: name), kind: kind, sectionCount: sectionCount)
  }

  private init(
    _ output: consuming ContainerOutput, kind: String, sectionCount: Int
  ) throws(StorageError) {
    // Header and table are written last; zeros reserve their place.
    let tableEnd = ContainerFormat.tableEnd(sectionCount: sectionCount)
    try output.append([UInt8](repeating: 0, count: tableEnd).span.raw)
    self.output = output
    self.kind = kind
    self.sectionCount = sectionCount
  }

  private static func check(
    kind: String, sectionCount: Int, _ path: String
  ) throws(StorageError) {
    guard kind.utf8.count == 4, ContainerFormat.isPrintable(kind.utf8, atMost: 4) else {
      throw StorageError(.misuse(reason: "the kind \"\(kind)\" is not four ASCII"), path: path)
    }
    guard (0...ContainerFormat.maximumSectionCount).contains(sectionCount) else {
      throw StorageError(.misuse(reason: "\(sectionCount) sections, 0 to 64 allowed"), path: path)
    }
  }

  /// Begins the next section.
  ///
  /// - Parameters:
  ///   - name: 1 to 16 printable ASCII characters.
  ///   - isOptional: Whether a reader that does not know the section can do without it. Readers of the first
  ///     container version refuse files with such sections.
  package mutating func beginSection(
    _ name: String, isOptional: Bool = false
  ) throws(StorageError) {
    guard !isInSection else { throw misuse("a section begun within another") }
    guard sections.count < sectionCount else { throw misuse("more sections than declared") }
    guard ContainerFormat.isPrintable(name.utf8, atMost: ContainerFormat.maximumNameByteCount)
    else { throw misuse("the section name \"\(name)\" is not 1 to 16 ASCII characters") }
    guard !sections.contains(where: { $0.name == name }) else {
      throw misuse("two sections named \"\(name)\"")
    }
    try pad()
    var section = ContainerSection(name: name, offset: output.byteCount, byteCount: 0)
    section.isOptional = isOptional
    sections.append(section)
    checksums.append([])
    isInSection = true
  }

  /// Appends bytes to the open section.
  package mutating func append(_ bytes: RawSpan) throws(StorageError) {
    guard isInSection else { throw misuse("bytes appended outside a section") }
    var done = 0
    while done < bytes.byteCount {
      let count = min(bytes.byteCount - done, chunk.count - chunkFill)
      let part = bytes.extracting(done..<done + count)
      done += count
      if count == chunk.count {
        // A whole chunk is written without a copy.
        try write(chunk: part)
        continue
      }
      let fill = chunkFill
      var buffer = chunk.mutableSpan
      var storage = buffer.mutableRaw
      storage.copyBytes(of: part, to: fill)
      chunkFill = fill + count
      if chunkFill == chunk.count { try flush() }
    }
  }

  /// Ends the open section.
  package mutating func endSection() throws(StorageError) {
    guard isInSection else { throw misuse("a section ended that was not begun") }
    try flush()
    isInSection = false
  }

  /// Writes a whole section from memory.
  package mutating func writeSection(
    _ name: String, isOptional: Bool = false, _ bytes: RawSpan
  ) throws(StorageError) {
    try beginSection(name, isOptional: isOptional)
    try append(bytes)
    try endSection()
  }

  /// Writes checksums, table and header, then synchronizes the file and replaces the target.
  ///
  /// `AtomicFile.commit` says what its errors mean.
  package consuming func finish() throws(StorageError) {
    try complete()
    try output.commit()
  }

  /// Writes checksums, table and header, and returns the bytes of a container in memory.
  package consuming func finishInMemory() throws(StorageError) -> [UInt8] {
    try complete()
    return output.takeBytes()
  }

  private mutating func complete() throws(StorageError) {
    guard !isInSection else { throw misuse("finished within a section") }
    guard sections.count == sectionCount else {
      throw misuse("\(sections.count) sections written, \(sectionCount) declared")
    }
    try pad()
    for index in sections.indices {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(checksums[index].count * 4)
      for checksum in checksums[index] { bytes.append(littleEndian: checksum) }
      sections[index].checksumOffset = output.byteCount
      sections[index].checksumOfChecksums = crc32c(bytes.span.raw)
      try output.append(bytes.span.raw)
      try pad()
    }
    let table = sections.flatMap { $0.encoded() }
    let header = ContainerHeader(
      version: sections.contains(where: \.isOptional) ? 2 : 1, kind: kind,
      fileByteCount: output.byteCount, sectionCount: sectionCount,
      tableChecksum: crc32c(table.span.raw))
    try output.overwrite((header.encoded() + table).span.raw, at: 0)
  }

  private mutating func flush() throws(StorageError) {
    guard chunkFill > 0 else { return }
    let count = chunkFill
    chunkFill = 0
    // A copy, because `write` changes other fields of this value.
    let bytes = chunk
    try write(chunk: bytes.span.raw.extracting(0..<count))
  }

  private mutating func write(chunk bytes: RawSpan) throws(StorageError) {
    try output.append(bytes)
    let last = sections.count - 1
    checksums[last].append(crc32c(bytes))
    sections[last].byteCount += UInt64(bytes.byteCount)
  }

  private mutating func pad() throws(StorageError) {
    try appendZeros(Int((0 &- output.byteCount) & (ContainerFormat.alignment - 1)))
  }

  private mutating func appendZeros(_ count: Int) throws(StorageError) {
    guard count > 0 else { return }
    try output.append([UInt8](repeating: 0, count: count).span.raw)
  }

  private func misuse(_ reason: String) -> StorageError {
    StorageError(.misuse(reason: reason), path: output.path)
  }
}
