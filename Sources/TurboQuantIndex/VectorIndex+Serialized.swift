// An index as bytes in memory.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

extension VectorIndex {
  /// The bytes that ``save(to:)`` would write to a file.
  ///
  /// - Throws: ``IndexError`` when the file it is mapped from is damaged or holds values that no index writes.
  /// - Complexity: O(bytes kept).
  public func serialized() throws(IndexError) -> [UInt8] {
    try checkStoredRows()
    let byteCount = try containerByteCount()
    var writer = try storing { () throws(StorageError) in
      try ContainerWriter(
        inMemory: byteCount, named: VectorIndex.nameOfBytes, kind: IndexRecord.kind,
        sectionCount: sectionCount)
    }
    try write(to: &writer, nil)
    do throws(StorageError) {
      return try writer.finishInMemory()
    } catch {
      throw IndexError(error)
    }
  }

  /// The number of bytes that ``serialized()`` returns.
  ///
  /// - Throws: ``IndexError`` when tags in the file it is mapped from are damaged.
  /// - Complexity: O(1); with tags O(rows / 4096), and O(bytes of tags) once if they are in a file.
  package func serializedByteCount() throws(IndexError) -> Int { try containerByteCount() }

  /// Creates an index from its ``serialized()`` bytes, or those of a `.tqi` file, which are copied.
  ///
  /// Every byte is checked first, as ``verify(_:progress:)`` checks a file.
  ///
  /// - Throws: ``IndexError`` of kind `file`, whose path is `bytes of an index`, when they are damaged, not an index, or
  ///   of a version or codec that this build cannot read.
  /// - Complexity: O(bytes).
  public init(serialized bytes: [UInt8]) throws(IndexError) {
    try self.init(serialized: bytes.span.raw)
  }

  package init(serialized bytes: RawSpan) throws(IndexError) {
    let container: ContainerReader
    do throws(StorageError) {
      container = try ContainerReader(
        copying: bytes, named: VectorIndex.nameOfBytes, kind: IndexRecord.kind)
    } catch {
      throw IndexError(error)
    }
    try self.init(IndexSections(container))
    try verify()
  }

  /// What stands for a path in errors of bytes that are no file.
  private static let nameOfBytes = "bytes of an index"
}
