internal import TurboQuantKernels

/// The byte layout of a container, versions 1 and 2.
///
/// A container consists of a header, a section table, the sections and their checksums, in this
/// order. Each part begins at the next multiple of 64 bytes. The file ends at a multiple of 64 bytes
/// too. The bytes between the parts are zero. The sizes alone therefore fix every offset, and any
/// other offset is refused. Each byte is either covered by a checksum or must be zero.
/// Documentation/FileFormat.md has the byte tables.
package enum ContainerFormat {
  /// The first bytes: a byte with its high bit set, `TQ`, and line ends that careless transfers change.
  package static let magic: [UInt8] = [0x89, 0x54, 0x51, 0x0D, 0x0A, 0x1A, 0x0A, 0x00]
  /// The newest version.
  ///
  /// Its sections can be marked as optional. A file without such sections is of version 1.
  package static let version: UInt32 = 2
  /// Every part of the file begins at a multiple of this number.
  package static let alignment: UInt64 = 64
  /// The size of the header.
  package static let headerByteCount = 64
  /// The size of one entry of the section table.
  package static let entryByteCount = 64
  /// The largest number of sections in a container.
  package static let maximumSectionCount = 64
  /// The length of the longest section name.
  package static let maximumNameByteCount = 16
  /// The number of bytes that one checksum covers.
  package static let chunkByteCount = 1 << 20

  /// Rounds up to a multiple of 64; `nil` if the result exceeds 64 bits.
  static func align(_ offset: UInt64) -> UInt64? {
    let (sum, overflows) = offset.addingReportingOverflow(alignment - 1)
    return overflows ? nil : sum & ~(alignment - 1)
  }

  /// The number of chunks of a section.
  static func chunkCount(_ byteCount: UInt64) -> UInt64 {
    let chunk = UInt64(chunkByteCount)
    return byteCount / chunk + (byteCount % chunk == 0 ? 0 : 1)
  }

  /// The end of the section table, where the first section begins.
  static func tableEnd(sectionCount: Int) -> Int {
    headerByteCount + sectionCount * entryByteCount
  }

  /// The size of a container whose sections have these sizes.
  package static func byteCount(ofSections sizes: [Int]) -> Int {
    func aligned(_ size: Int) -> Int { (size + Int(alignment) - 1) & ~(Int(alignment) - 1) }
    return sizes.reduce(tableEnd(sectionCount: sizes.count)) {
      $0 + aligned($1) + aligned(4 * Int(chunkCount(UInt64($1))))
    }
  }

  /// Whether `text` has 1 to `maximum` bytes, all of them printable ASCII.
  static func isPrintable(_ text: some Collection<UInt8>, atMost maximum: Int) -> Bool {
    !text.isEmpty && text.count <= maximum && text.allSatisfy { (0x20..<0x7F).contains($0) }
  }
}

/// One named run of bytes in a container.
package struct ContainerSection: Equatable, Sendable {
  /// The name, 1 to 16 printable ASCII characters.
  package let name: String
  /// The offset of the first byte in the file.
  package let offset: UInt64
  /// The number of bytes.
  package internal(set) var byteCount: UInt64
  /// The offset of the section's checksums in the file.
  package internal(set) var checksumOffset: UInt64 = 0
  /// The CRC-32C of the section's checksums.
  package internal(set) var checksumOfChecksums: UInt32 = 0
  /// Whether a reader that does not know the section can do without it.
  package var isOptional = false

  /// The number of chunks, which is also the number of checksums.
  package var chunkCount: UInt64 { ContainerFormat.chunkCount(byteCount) }
}

/// The header fields that differ between containers.
struct ContainerHeader: Equatable {
  /// The container's version.
  let version: UInt32
  /// Four printable ASCII characters.
  let kind: String
  /// The length of the file.
  let fileByteCount: UInt64
  /// The number of sections.
  let sectionCount: Int
  /// The CRC-32C of the section table.
  let tableChecksum: UInt32
}

extension ContainerHeader {
  /// The header's 64 bytes.
  func encoded() -> [UInt8] {
    var bytes = ContainerFormat.magic
    bytes.append(littleEndian: version)
    bytes.append(contentsOf: kind.utf8)
    bytes.append(littleEndian: fileByteCount)
    bytes.append(littleEndian: UInt32(sectionCount))
    bytes.append(littleEndian: tableChecksum)
    bytes.append(contentsOf: repeatElement(0, count: 28))
    bytes.append(littleEndian: crc32c(bytes.span.raw))
    return bytes
  }

  /// Reads and checks the header; `file` holds all bytes of the file.
  init(parsing file: RawSpan, path: String) throws(StorageError) {
    try ContainerHeader.checkMagic(file, path: path)
    let size = ContainerFormat.headerByteCount
    let fileSize = UInt64(file.byteCount)
    guard file.byteCount >= size else {
      throw StorageError(
        .truncated(expected: UInt64(size), found: fileSize), path: path, offset: fileSize)
    }
    guard crc32c(file.extracting(0..<60)) == file.integer(at: 60) else {
      throw StorageError(.headerDamaged, path: path, offset: 0)
    }
    version = file.integer(at: 8)
    guard version <= ContainerFormat.version else {
      throw StorageError(.newerVersion(version), path: path, offset: 8)
    }
    guard version > 0 else {
      throw StorageError(.malformed(reason: "version 0"), path: path, offset: 8)
    }
    let kind = file.byteArray(12..<16)
    guard ContainerFormat.isPrintable(kind, atMost: 4) else {
      throw StorageError(
        .malformed(reason: "the kind is not ASCII (\(hexadecimal(kind)))"), path: path, offset: 12)
    }
    try file.requireZeros(32..<60, path: path)
    self.kind = String(decoding: kind, as: UTF8.self)
    fileByteCount = file.integer(at: 16)
    guard fileByteCount <= fileSize else {
      throw StorageError(
        .truncated(expected: fileByteCount, found: fileSize), path: path, offset: fileSize)
    }
    guard fileByteCount == fileSize else {
      throw StorageError(
        .trailingBytes(expected: fileByteCount, found: fileSize), path: path,
        offset: fileByteCount)
    }
    let count = file.integer(at: 24, as: UInt32.self)
    guard count <= ContainerFormat.maximumSectionCount else {
      throw StorageError(
        .malformed(reason: "\(count) sections, at most 64 allowed"), path: path, offset: 24)
    }
    sectionCount = Int(count)
    tableChecksum = file.integer(at: 28)
  }

  private static func checkMagic(_ file: RawSpan, path: String) throws(StorageError) {
    guard file.byteCount > 0 else { throw StorageError(.empty, path: path, offset: 0) }
    let magic = ContainerFormat.magic
    let found = file.byteArray(0..<min(magic.count, file.byteCount))
    guard magic.starts(with: found) else {
      throw StorageError(.wrongMagic(found: found), path: path, offset: 0)
    }
  }
}

extension ContainerSection {
  /// The section's entry in the table, 64 bytes.
  func encoded() -> [UInt8] {
    var bytes = Array(name.utf8)
    bytes.append(
      contentsOf: repeatElement(0, count: ContainerFormat.maximumNameByteCount - bytes.count))
    bytes.append(littleEndian: offset)
    bytes.append(littleEndian: byteCount)
    bytes.append(littleEndian: checksumOffset)
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: chunkCount))
    bytes.append(littleEndian: checksumOfChecksums)
    bytes.append(littleEndian: UInt32(isOptional ? 1 : 0))
    bytes.append(contentsOf: repeatElement(0, count: 12))
    return bytes
  }

  /// Reads the table entry at `entry`; the caller checks where the section lies.
  init(
    parsing file: RawSpan, at entry: Int, version: UInt32, path: String
  ) throws(StorageError) {
    let field = file.byteArray(entry..<entry + ContainerFormat.maximumNameByteCount)
    let name = field.prefix { $0 != 0 }
    guard
      ContainerFormat.isPrintable(name, atMost: ContainerFormat.maximumNameByteCount),
      field[name.endIndex...].allSatisfy({ $0 == 0 })
    else {
      throw StorageError(
        .malformed(reason: "a section's name is not ASCII"), path: path, offset: UInt64(entry))
    }
    self.name = String(decoding: name, as: UTF8.self)
    offset = file.integer(at: entry + 16)
    byteCount = file.integer(at: entry + 24)
    checksumOffset = file.integer(at: entry + 32)
    checksumOfChecksums = file.integer(at: entry + 44)
    guard file.integer(at: entry + 40, as: UInt32.self) == chunkCount else {
      throw StorageError(
        .malformed(reason: "section \"\(self.name)\" needs \(chunkCount) checksums"), path: path,
        offset: UInt64(entry + 40))
    }
    let flags = file.integer(at: entry + 48, as: UInt32.self)
    guard flags <= (version == 1 ? 0 : 1) else {
      throw StorageError(
        .malformed(reason: "section \"\(self.name)\" has the unknown flags \(flags)"), path: path,
        offset: UInt64(entry + 48))
    }
    isOptional = flags == 1
    try file.requireZeros(entry + 52..<entry + 64, path: path)
  }
}

extension RawSpan {
  /// Copies a few bytes into an array.
  package func byteArray(_ range: Range<Int>) -> [UInt8] {
    range.map { integer(at: $0) }
  }

  /// Throws unless every byte of `range` is zero.
  func requireZeros(_ range: Range<Int>, path: String) throws(StorageError) {
    for offset in range where integer(at: offset, as: UInt8.self) != 0 {
      throw StorageError(
        .malformed(reason: "a reserved byte is not zero"), path: path, offset: UInt64(offset))
    }
  }
}
