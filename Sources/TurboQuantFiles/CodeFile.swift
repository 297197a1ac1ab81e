public import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

/// The sections of a `.tqv` file; Documentation/FileFormat.md has the byte tables.
enum CodeFileFormat {
  static let kind = "VECS"
  static let codec = "codec"
  static let rows = "rows"
}

/// A `.tqv` file: stored rows and the codec that wrote them, mapped and read in place.
///
/// Each mebibyte is compared with its checksum when it is first touched. Any number of threads may
/// read at once.
public struct CodeFile: ~Copyable, Sendable {
  /// The codec, rebuilt from the file's record.
  public let codec: Codec
  /// The number of rows.
  public let count: Int
  private let container: ContainerReader

  /// Opens the file at `path`.
  ///
  /// - Throws: ``CodeFileError`` when the file is missing, damaged or not a `.tqv` file, or when its
  ///   codec cannot be reproduced by this version.
  public init(_ path: String) throws(CodeFileError) {
    let container = try CodeFile.container(path)
    let codec = try CodeFile.codec(in: container)
    let section = container.sections.first { $0.name == CodeFileFormat.rows }
    let byteCount = Int(section?.byteCount ?? 0)
    guard section != nil, byteCount % codec.bytesPerVector == 0 else {
      throw CodeFileError(
        partialRow: byteCount, bytesPerVector: codec.bytesPerVector, path: path)
    }
    self.codec = codec
    self.count = byteCount / codec.bytesPerVector
    self.container = container
  }

  private static func container(_ path: String) throws(CodeFileError) -> ContainerReader {
    try rethrowing { () throws(StorageError) in
      try ContainerReader(path, kind: CodeFileFormat.kind)
    }
  }

  private static func codec(
    in container: borrowing ContainerReader
  ) throws(CodeFileError) -> Codec {
    let record: RawSpan
    do throws(StorageError) {
      record = try container.bytes(of: CodeFileFormat.codec)
    } catch {
      throw CodeFileError(error)
    }
    do throws(CodecError) {
      return try Codec(record: record)
    } catch {
      throw CodeFileError(error, path: container.path)
    }
  }

  /// The path that the file was opened with.
  public var path: String { container.path }

  /// The size of the file in bytes.
  public var byteCount: Int { container.byteCount }

  /// Lends stored rows, `codec.bytesPerVector` bytes each, after checking the chunks they lie in.
  ///
  /// - Throws: ``CodeFileError`` when a chunk is damaged.
  /// - Precondition: `rows` lies within 0 ..< ``count``.
  public func withBytes<R>(
    of rows: Range<Int>, _ body: (RawSpan) -> R
  ) throws(CodeFileError) -> R {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) of \(count)")
    let stride = codec.bytesPerVector
    return try rethrowing { () throws(StorageError) in
      body(
        try container.bytes(
          of: CodeFileFormat.rows, rows.lowerBound * stride..<rows.upperBound * stride))
    }
  }

  /// A copy of stored rows.
  ///
  /// - Throws: ``CodeFileError`` when a chunk is damaged.
  /// - Precondition: `rows` lies within 0 ..< ``count``.
  public func codes(of rows: Range<Int>) throws(CodeFileError) -> CodeMatrix {
    let bytes = try withBytes(of: rows) { $0.copied() }
    // The caller has a copy now and is unlikely to read these rows from the file again.
    forget(rows)
    do throws(CodecError) {
      return try CodeMatrix(unidentified: bytes, of: codec)
    } catch {
      throw CodeFileError(error, path: path)
    }
  }

  /// Checks every byte of the file against its checksums, and that every row is one a codec can write.
  ///
  /// - Parameter progress: Called after each mebibyte with the number of bytes checked and their total.
  /// - Complexity: O(``byteCount``); each byte is read once, even if it was checked before.
  /// - Throws: ``CodeFileError`` at the first damaged place.
  public func verify(
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(CodeFileError) {
    try rethrowing { () throws(StorageError) in try container.verify(progress: progress) }
    let start = container.sections.first { $0.name == CodeFileFormat.rows }?.offset ?? 0
    let blockRows = max(1, (1 << 20) / codec.bytesPerVector)
    for first in stride(from: 0, to: count, by: blockRows) {
      let rows = first..<min(count, first + blockRows)
      defer { forget(rows) }
      guard let fault = try firstFault(in: rows) else { continue }
      let row = first + fault.row
      throw CodeFileError(
        fault, row: row, offset: start + UInt64(row * codec.bytesPerVector + fault.offset),
        path: path)
    }
  }

  /// Frees the memory of rows that have been read.
  private func forget(_ rows: Range<Int>) {
    let size = codec.bytesPerVector
    container.forgetBytes(of: CodeFileFormat.rows, rows.lowerBound * size..<rows.upperBound * size)
  }

  private func firstFault(in rows: Range<Int>) throws(CodeFileError) -> RowFault? {
    let found = try withBytes(of: rows) { bytes in
      Result { () throws(CodecError) in try codec.firstFault(in: bytes) }
    }
    do throws(CodecError) {
      return try found.get()
    } catch {
      throw CodeFileError(error, path: path)
    }
  }
}

/// Writes a `.tqv` file row block by row block, in constant memory.
///
/// The file at the path does not change before the end of ``finish()``, which replaces it in one step.
/// A writer that ends without ``finish()`` leaves nothing behind. A killed process may leave a hidden
/// file named `.NAME.turboquant-…` beside the target; the next writer in that folder removes it.
///
/// A symbolic link is followed: the file it points to is replaced. If a file has several names (hard
/// links), only the given name gets the new file. A file that may not be written is refused. The new
/// file has the old one's permissions, without the set-user-ID, set-group-ID and sticky bits, and the
/// old owner if the system allows that. Access control lists and extended attributes are not kept.
public struct CodeFileWriter: ~Copyable {
  private var container: ContainerWriter
  private let codec: Codec
  private let path: String

  /// Begins a file of rows of `codec` at `path`, where a file may exist already.
  ///
  /// - Throws: ``CodeFileError`` when the path cannot be written.
  public init(_ path: String, codec: Codec) throws(CodeFileError) {
    self.codec = codec
    self.path = path
    container = try rethrowing { () throws(StorageError) in
      var container = try ContainerWriter(path, kind: CodeFileFormat.kind, sectionCount: 2)
      try container.writeSection(CodeFileFormat.codec, codec.record.span.raw)
      try container.beginSection(CodeFileFormat.rows)
      return container
    }
  }

  /// Appends rows.
  ///
  /// - Throws: ``CodeFileError`` when the codes belong to another codec, or writing fails.
  public mutating func append(_ codes: CodeMatrix) throws(CodeFileError) {
    do throws(CodecError) {
      try codec.check(codes)
    } catch {
      throw CodeFileError(error, path: path)
    }
    do throws(StorageError) {
      try container.append(codes.bytes.span.raw)
    } catch {
      throw CodeFileError(error)
    }
  }

  /// Completes the file and moves it onto its path in one atomic step.
  ///
  /// - Throws: ``CodeFileError`` when writing fails. The old file is then unchanged, unless the error
  ///   says that the new file is in place: then only the very last step, which protects the new file
  ///   from a power cut, has failed.
  public consuming func finish() throws(CodeFileError) {
    do throws(StorageError) {
      try container.endSection()
      try container.finish()
    } catch {
      throw CodeFileError(error)
    }
  }
}
