// A cache as bytes in memory.

internal import TurboQuantKernels
internal import TurboQuantStorage

extension KVCache {
  /// The bytes that ``save(to:)`` would write to a file.
  ///
  /// - Throws: ``KVCacheError`` when sections that are only kept cannot be written.
  /// - Complexity: O(bytes kept).
  public func serialized() throws(KVCacheError) -> [UInt8] {
    do throws(StorageError) {
      var writer = try ContainerWriter(
        inMemory: containerByteCount, named: KVCache.nameOfBytes, kind: SnapshotRecord.kind,
        sectionCount: sectionCount)
      try write(to: &writer)
      return try writer.finishInMemory()
    } catch {
      throw KVCacheError(error)
    }
  }

  /// The number of bytes that ``serialized()`` returns.
  package var serializedByteCount: Int { containerByteCount }

  /// Creates a cache from its ``serialized()`` bytes, or those of a snapshot, which are copied.
  ///
  /// - Parameters:
  ///   - bytes: The bytes; each is checked first.
  ///   - codec: The codec of the same configuration.
  /// - Throws: ``KVCacheError`` of kind `file`, whose path is `bytes of a cache`, as ``init(opening:codec:)``.
  /// - Complexity: O(bytes).
  public init(serialized bytes: [UInt8], codec: KVCodec) throws(KVCacheError) {
    try self.init(serialized: bytes.span.raw, codec: codec)
  }

  package init(serialized bytes: RawSpan, codec: KVCodec) throws(KVCacheError) {
    let file: SnapshotFile
    do throws(StorageError) {
      file = try SnapshotFile(
        ContainerReader(copying: bytes, named: KVCache.nameOfBytes, kind: SnapshotRecord.kind))
    } catch {
      throw KVCacheError(error)
    }
    try self.init(file, codec)
  }

  /// What stands for a path in errors of bytes that are no file.
  private static let nameOfBytes = "bytes of a cache"
}
