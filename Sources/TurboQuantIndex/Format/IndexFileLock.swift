internal import TurboQuantStorage

/// The right to change the index in a file; one holder at a time has it, others wait.
///
/// Without it, of two processes that open the same file, add rows and save, the later one would throw the
/// other's rows away.
///
/// ```swift
/// let lock = try IndexFileLock("packages.tqi")  // waits while another process changes the file
/// var index = try VectorIndex(opening: lock.path)
/// try index.add(vectors, ids: ids)
/// try index.save(replacing: lock)
/// ```
///
/// The lock is the system's advisory one, so it binds those who ask for it: this type,
/// ``VectorIndex/save(to:)`` and the command line. It ends with the value, and with the process however
/// that ends. Opening and searching need no lock, since a file is replaced whole. On a file system that
/// knows no locks nobody waits.
public struct IndexFileLock: ~Copyable, Sendable {
  /// The path as it was given.
  public let path: String
  let file: FileLock

  /// Takes the right to change the index at `path`, waiting if another holds it.
  ///
  /// Its thread stands still meanwhile. In asynchronous code wait for no time, and try again later.
  ///
  /// - Parameters:
  ///   - path: The file, which must exist and may be written.
  ///   - patience: How long to wait for others.
  /// - Throws: ``IndexError`` when there is no such file, it may not be written, or others take longer.
  public init(_ path: String, waitingAtMost patience: Duration = .seconds(30)) throws(IndexError) {
    do throws(StorageError) {
      file = try FileLock(path, waitingAtMost: patience)
    } catch {
      throw IndexError(error)
    }
    self.path = path
  }
}
