internal import Synchronization
internal import TurboQuantKernels

/// Lends the sections of a container, mapped or in memory, and checks each 1 MiB chunk when it is first touched.
///
/// Opening checks everything except the sections' own bytes: header, table, checksums, padding and
/// the length of the file. Any number of threads may read at once.
package struct ContainerReader: ~Copyable, Sendable {
  /// Four ASCII characters that say what the sections mean.
  package let kind: String
  /// The sections in file order.
  package let sections: [ContainerSection]

  private let mapping: Mapping
  private let checked: [CheckedChunks]

  /// The path that the container was opened with, or the name of bytes that are no file.
  package var path: String { mapping.path }
  /// The file's size in bytes.
  package var byteCount: Int { mapping.byteCount }

  /// Opens the container at `path`; it must be of the given kind, or of any kind if that is `nil`.
  package init(_ path: String, kind: String? = nil) throws(StorageError) {
    try self.init(Mapping(path), kind: kind)
  }

  /// Opens a copy of the bytes of a container; errors call it `name`.
  package init(
    copying bytes: RawSpan, named name: String, kind: String? = nil
  ) throws(StorageError) {
    try self.init(Mapping(copying: bytes, named: name), kind: kind)
  }

  private init(_ mapping: consuming Mapping, kind: String?) throws(StorageError) {
    let path = mapping.path
    let header = try ContainerHeader(parsing: mapping.bytes, path: path)
    if let kind, kind != header.kind {
      throw StorageError(
        .wrongKind(found: header.kind, expected: kind), path: path, offset: 12)
    }
    let sections = try ContainerReader.checkedSections(header, mapping.bytes, path: path)
    self.mapping = mapping
    self.kind = header.kind
    self.sections = sections
    checked = sections.map { CheckedChunks(count: Int($0.chunkCount)) }
  }

  /// Lends all bytes of a section.
  @_lifetime(borrow self)
  package func bytes(of name: String) throws(StorageError) -> RawSpan {
    let section = try index(of: name)
    let range = try checkedRange(ofSectionAt: section, 0..<Int(sections[section].byteCount))
    return mapping.bytes.extracting(range)
  }

  /// Lends a range of a section's bytes; checks only the chunks it touches.
  @_lifetime(borrow self)
  package func bytes(of name: String, _ range: Range<Int>) throws(StorageError) -> RawSpan {
    let range = try checkedRange(ofSectionAt: index(of: name), range)
    return mapping.bytes.extracting(range)
  }

  /// Checks every byte of the file, even if it has been checked before.
  ///
  /// - Parameter progress: Called after each chunk with the number of bytes checked and their total.
  package func verify(
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(StorageError) {
    let header = try ContainerHeader(parsing: mapping.bytes, path: path)
    let found = try ContainerReader.checkedSections(header, mapping.bytes, path: path)
    guard header.kind == kind, found == sections else {
      throw StorageError(
        .malformed(reason: "the file was changed while it was open"), path: path, offset: 0)
    }
    let total = sections.reduce(0) { $0 + $1.byteCount }
    var done: UInt64 = 0
    for index in sections.indices {
      for chunk in 0..<Int(sections[index].chunkCount) {
        try check(chunk: chunk, ofSectionAt: index)
        let range = chunkRange(chunk, of: sections[index])
        mapping.forget(range)
        done += UInt64(range.count)
        progress(done, total)
      }
    }
  }

  /// Advises the kernel that the file will be read from front to back.
  package func adviseSequentialReading() { mapping.adviseSequentialReading() }

  /// Frees the memory of bytes of a section that will not be read again soon.
  package func forgetBytes(of name: String, _ range: Range<Int>) {
    guard let section = sections.first(where: { $0.name == name }) else { return }
    let start = Int(section.offset)
    mapping.forget(start + range.lowerBound..<start + range.upperBound)
  }

  private func index(of name: String) throws(StorageError) -> Int {
    guard let index = sections.firstIndex(where: { $0.name == name }) else {
      throw StorageError(.missingSection(name: name), path: path)
    }
    return index
  }

  /// Checks the chunks that a range of a section touches and returns the range's place in the file.
  private func checkedRange(
    ofSectionAt index: Int, _ range: Range<Int>
  ) throws(StorageError) -> Range<Int> {
    let section = sections[index]
    guard range.lowerBound >= 0, range.upperBound <= Int(section.byteCount) else {
      throw StorageError(
        .misuse(reason: "bytes \(range) of section \"\(section.name)\", which has fewer"),
        path: path)
    }
    let start = Int(section.offset)
    if !range.isEmpty && !checked[index].isComplete {
      let size = ContainerFormat.chunkByteCount
      for chunk in range.lowerBound / size...(range.upperBound - 1) / size
      where !checked[index].contains(chunk) {
        try check(chunk: chunk, ofSectionAt: index)
      }
    }
    return start + range.lowerBound..<start + range.upperBound
  }

  /// The bytes of the file that one chunk occupies.
  private func chunkRange(_ chunk: Int, of section: ContainerSection) -> Range<Int> {
    let size = ContainerFormat.chunkByteCount
    let start = Int(section.offset)
    return start + chunk * size..<start + min((chunk + 1) * size, Int(section.byteCount))
  }

  private func check(chunk: Int, ofSectionAt index: Int) throws(StorageError) {
    let section = sections[index]
    let range = chunkRange(chunk, of: section)
    let expected: UInt32 = mapping.bytes.integer(at: Int(section.checksumOffset) + chunk * 4)
    guard crc32c(mapping.bytes.extracting(range)) == expected else {
      throw StorageError(
        .checksumMismatch(region: "chunk \(chunk) of section \"\(section.name)\""), path: path,
        offset: UInt64(range.lowerBound))
    }
    checked[index].insert(chunk)
  }
}

/// The four characters that name the kind of a container file.
///
/// Nil if the file cannot be read or is not a regular file: reading a pipe would consume its bytes.
package func containerKind(at path: String) -> String? {
  guard let file = try? FileDescriptor(path, .reading), (try? file.status())?.kind == .regular
  else {
    return nil
  }
  var head = [UInt8](repeating: 0, count: 16)
  var span = head.mutableSpan
  var bytes = span.mutableRaw
  guard (try? file.read(into: &bytes, at: 0)) == 16 else { return nil }
  return String(decoding: head.suffix(4), as: UTF8.self)
}

extension ContainerReader {
  /// Checks table, offsets, padding and checksums of a file whose header is valid.
  private static func checkedSections(
    _ header: ContainerHeader, _ file: RawSpan, path: String
  ) throws(StorageError) -> [ContainerSection] {
    let tableEnd = ContainerFormat.tableEnd(sectionCount: header.sectionCount)
    guard tableEnd <= file.byteCount else {
      throw StorageError(
        .malformed(reason: "the section table does not fit"), path: path, offset: 24)
    }
    let tableStart = ContainerFormat.headerByteCount
    guard crc32c(file.extracting(tableStart..<tableEnd)) == header.tableChecksum else {
      throw StorageError(
        .checksumMismatch(region: "the section table"), path: path, offset: UInt64(tableStart))
    }
    var sections: [ContainerSection] = []
    var cursor = LayoutCursor(end: UInt64(tableEnd), path: path)
    for index in 0..<header.sectionCount {
      let entry = tableStart + index * ContainerFormat.entryByteCount
      let section = try ContainerSection(
        parsing: file, at: entry, version: header.version, path: path)
      guard !sections.contains(where: { $0.name == section.name }) else {
        throw StorageError(
          .malformed(reason: "two sections named \"\(section.name)\""), path: path,
          offset: UInt64(entry))
      }
      try cursor.take(section.byteCount, at: section.offset, field: entry + 16, of: file)
      sections.append(section)
    }
    for (index, section) in sections.enumerated() {
      let entry = tableStart + index * ContainerFormat.entryByteCount
      let byteCount = section.chunkCount * 4
      try cursor.take(byteCount, at: section.checksumOffset, field: entry + 32, of: file)
      let start = Int(section.checksumOffset)
      guard crc32c(file.extracting(start..<start + Int(byteCount))) == section.checksumOfChecksums
      else {
        throw StorageError(
          .checksumMismatch(region: "the checksums of section \"\(section.name)\""), path: path,
          offset: section.checksumOffset)
      }
    }
    // The rest of the file must be padding.
    try cursor.take(0, at: UInt64(file.byteCount), field: 16, of: file)
    return sections
  }
}

/// Walks the parts of a file in order and checks that each has the only offset the format allows.
private struct LayoutCursor {
  private var end: UInt64
  private let path: String

  init(end: UInt64, path: String) {
    self.end = end
    self.path = path
  }

  /// Steps over one part; byte `field` of the file gives its offset, the field 8 bytes later its size.
  mutating func take(
    _ byteCount: UInt64, at offset: UInt64, field: Int, of file: RawSpan
  ) throws(StorageError) {
    guard let expected = ContainerFormat.align(end), offset == expected else {
      throw StorageError(
        .malformed(reason: "a part lies at \(offset), not right after the one before it"),
        path: path, offset: UInt64(field))
    }
    let (next, overflows) = offset.addingReportingOverflow(byteCount)
    guard !overflows, next <= UInt64(file.byteCount) else {
      throw StorageError(
        .malformed(reason: "\(byteCount) bytes at \(offset) reach beyond the file"),
        path: path, offset: UInt64(field + 8))
    }
    try file.requireZeros(Int(end)..<Int(offset), path: path)
    end = next
  }
}

/// The chunks of one section whose checksums have matched.
///
/// Two threads may check the same chunk at once, which only costs time. The bytes never change, so
/// the threads need no order between them.
private final class CheckedChunks: Sendable {
  /// 64 chunks, one bit per chunk.
  private final class Word: Sendable {
    let bits = Atomic<UInt64>(0)
  }

  private let remaining: Atomic<Int>
  private let words: [Word]

  init(count: Int) {
    remaining = Atomic(count)
    words = (0..<(count + 63) / 64).map { _ in Word() }
  }

  /// Whether all chunks have been checked.
  var isComplete: Bool { remaining.load(ordering: .relaxed) == 0 }

  func contains(_ chunk: Int) -> Bool {
    words[chunk / 64].bits.load(ordering: .relaxed) & bit(chunk) != 0
  }

  func insert(_ chunk: Int) {
    let before = words[chunk / 64].bits.bitwiseOr(bit(chunk), ordering: .relaxed).oldValue
    if before & bit(chunk) == 0 { remaining.subtract(1, ordering: .relaxed) }
  }

  private func bit(_ chunk: Int) -> UInt64 { 1 << UInt64(chunk % 64) }
}
