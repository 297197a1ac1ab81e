internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage
package import TurboQuantThreads

extension VectorIndex {
  /// Opens the index in a `.tqi` file by mapping it; rows are read in place when they are needed.
  ///
  /// Each mebibyte is checked against its checksum when it is first touched. The file may be larger than
  /// memory. It may be replaced meanwhile, as ``save(to:)`` does, but not cut.
  ///
  /// - Throws: ``IndexError`` when the file is missing, damaged, not an index, or of a version or codec
  ///   that this build cannot read.
  public init(opening path: String) throws(IndexError) {
    let container: ContainerReader
    do throws(StorageError) {
      container = try ContainerReader(path, kind: IndexRecord.kind)
    } catch {
      throw IndexError(error)
    }
    try self.init(IndexSections(container))
  }
}

// MARK: Saving

extension VectorIndex {
  /// Writes the index to a file, which is replaced whole or not at all.
  ///
  /// What another process has written there since the index was opened is lost: whoever changes an index
  /// that others change too holds an ``IndexFileLock`` from opening to saving. Where one is held, this
  /// waits up to 30 seconds for its end.
  ///
  /// A symbolic link is followed: the file it leads to is replaced. Of a file with several names (hard
  /// links) only the one given gets the new file. A file that may not be written is refused. The new file
  /// has the old one's permissions, without set-user-ID, set-group-ID and sticky bit, and its owner where
  /// the system allows that; access control lists and extended attributes are not kept.
  ///
  /// - Throws: ``IndexError`` when writing fails, or the file it is mapped from is damaged or holds values that no
  ///   index writes; these are never written again. The path then holds what it held before, unless the error
  ///   says that the new file is in place: the very last step, which protects it from a power cut, has failed.
  public func save(to path: String) throws(IndexError) { try save(to: path, nil) }

  package func save(to path: String, _ monitor: WorkMonitor?) throws(IndexError) {
    try checkStoredRows(monitor)
    let writer = try storing { () throws(StorageError) in
      try ContainerWriter(path, kind: IndexRecord.kind, sectionCount: sectionCount)
    }
    try write(writer, monitor)
  }

  /// Writes the index to the file that is locked, which is replaced whole or not at all.
  ///
  /// - Throws: ``IndexError`` as ``save(to:)`` does.
  public func save(replacing lock: consuming IndexFileLock) throws(IndexError) {
    try checkStoredRows()
    let writer: ContainerWriter
    do throws(StorageError) {
      writer = try ContainerWriter(
        replacing: lock.file, kind: IndexRecord.kind, sectionCount: sectionCount)
    } catch {
      throw IndexError(error)
    }
    try write(writer, nil)
  }

  /// Writes all sections and replaces the file; `monitor` may end it before that.
  private func write(
    _ writer: consuming ContainerWriter, _ monitor: WorkMonitor?
  ) throws(IndexError) {
    try write(to: &writer, monitor)
    do throws(StorageError) {
      try writer.finish()
    } catch {
      throw IndexError(error)
    }
  }

  /// Checks every byte of a `.tqi` file, and that its rows make sense.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - progress: Called now and then with the bytes checked and the bytes to check.
  /// - Returns: The index.
  /// - Throws: ``IndexError`` at the first damaged place.
  @discardableResult
  public static func verify(
    _ path: String, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(IndexError) -> VectorIndex {
    let index = try VectorIndex(opening: path)
    try index.verify(progress: progress)
    return index
  }

  /// Checks every byte of the sections that the index was opened from.
  func verify(progress: (UInt64, UInt64) -> Void = { _, _ in }) throws(IndexError) {
    guard let sections else { return }
    try sections.verify(progress: progress)
    try checkStoredRows()
    try checkPadding(sections)
  }
}

/// Runs `body` with storage errors turned into the index's.
func storing<R: ~Copyable>(
  _ body: () throws(StorageError) -> R
) throws(IndexError) -> R {
  do {
    return try body()
  } catch {
    throw IndexError(error)
  }
}
