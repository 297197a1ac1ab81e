// Saving to a file and opening one.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

extension KVCache {
  /// Writes a snapshot, which replaces the file whole or not at all.
  ///
  /// A symbolic link is followed: the file it leads to is replaced. If a file has several names (hard
  /// links), only the given name gets the new file. A file that may not be written is refused. The new file
  /// has the old one's permissions, without set-user-ID, set-group-ID and sticky bit, and its owner where
  /// the system allows that; access control lists and extended attributes are not kept.
  ///
  /// - Throws: ``KVCacheError`` when writing fails. The path then holds what it held before. The one
  ///   exception, which the error names: the new file is in place, but the last step, which protects it
  ///   from a power cut, has failed.
  /// - Complexity: O(bytes kept).
  public func save(to path: String) throws(KVCacheError) {
    let writer = try storing { () throws(StorageError) in
      try ContainerWriter(path, kind: SnapshotRecord.kind, sectionCount: sectionCount)
    }
    try save(writer)
  }

  private func save(_ writer: consuming ContainerWriter) throws(KVCacheError) {
    do throws(StorageError) {
      try write(to: &writer)
      try writer.finish()
    } catch {
      throw KVCacheError(error)
    }
  }

  /// Opens a snapshot by mapping it: codes are read from the mapping, and copied when they change.
  ///
  /// Every byte is checked against its checksum first. The file may be replaced meanwhile, as
  /// ``save(to:)`` does, but not changed or cut. Snapshots of version 2 are read too; the next save writes
  /// version 3.
  ///
  /// - Parameters:
  ///   - path: What ``save(to:)`` wrote.
  ///   - codec: The codec of the same configuration.
  /// - Throws: ``KVCacheError`` when the file is missing, damaged, not a snapshot, of another
  ///   configuration or codec, or holds what only a newer version reads.
  /// - Complexity: O(bytes kept), some 10 GB/s where pages are in memory.
  public init(opening path: String, codec: KVCodec) throws(KVCacheError) {
    let file: SnapshotFile
    do throws(StorageError) {
      file = try SnapshotFile(ContainerReader(path, kind: SnapshotRecord.kind))
    } catch {
      throw KVCacheError(error)
    }
    try self.init(file, codec)
  }

  init(_ file: SnapshotFile, _ codec: KVCodec) throws(KVCacheError) {
    // First what only a newer version reads, which settings and counts may follow from.
    let tokens = try file.tokens()
    let unknownSections = try file.unknownSections(version: tokens.version)
    try file.checkConfiguration(codec.configuration)
    try file.checkFingerprint(tokens, codec)
    let positions = try file.positions(of: tokens)
    try file.check(tokens, positions, codec.configuration)
    self.init(codec)
    self.unknownSections = unknownSections
    self.positions = positions
    count = tokens.count
    if let awaited = tokens.awaited { centerTokens = awaited }
    var cursor = SnapshotCursor()
    for h in heads.indices {
      try heads[h].keys.restore(
        file, tokens, hasCenter: tokens.flags[0], hasChannels: tokens.flags[2], &cursor,
        codec.kernels)
      try heads[h].values.restore(
        file, tokens, hasCenter: tokens.flags[1], hasChannels: tokens.flags[3], &cursor,
        codec.kernels)
    }
    try file.checkEnds(cursor)
  }
}

/// Runs `body`; its storage errors become errors of the cache.
private func storing<R: ~Copyable>(
  _ body: () throws(StorageError) -> R
) throws(KVCacheError) -> R {
  do {
    return try body()
  } catch {
    throw KVCacheError(error)
  }
}

extension KVCacheError {
  init(_ error: StorageError) {
    self.init(.file(path: error.path, offset: error.offset), error.description)
  }
}
