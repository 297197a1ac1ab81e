/// The right to replace a file, which one writer at a time has.
///
/// The lock is the system's advisory one (`flock`), so it ends with the process however that ends.
/// Whoever replaces a file holds it, and so does whoever reads a file to replace it by a changed
/// one. Readers take no lock. On a file system that knows no locks all writers get the right at once.
package struct FileLock: ~Copyable, Sendable {
  let target: Target
  private let descriptor: FileDescriptor

  /// How long writers wait for each other where nothing else is said.
  package static let patience = Duration.seconds(30)

  /// Takes the right to replace the file at `path`, or waits for it.
  package init(_ path: String, waitingAtMost patience: Duration) throws(StorageError) {
    try self.init(Target(path), waitingAtMost: patience)
  }

  init(_ target: Target, waitingAtMost patience: Duration) throws(StorageError) {
    let path = target.path
    let deadline = ContinuousClock.now + patience
    while true {
      let descriptor = try FileDescriptor(target.file, .locking, reportedAs: path)
      // The file that was locked may have been replaced while it was waited for.
      if try descriptor.tryLockIfPossible(),
        try fileStatus(at: target.file, reportedAs: path)?.identity == descriptor.status().identity
      {
        self.target = target
        self.descriptor = descriptor
        return
      }
      guard ContinuousClock.now < deadline else {
        throw StorageError(.busy(seconds: Int(patience.components.seconds)), path: path)
      }
      pause(milliseconds: 5)
    }
  }
}

extension FileDescriptor {
  /// Locks the file as `tryLock` does; true also where the file system knows no locks.
  func tryLockIfPossible() throws(StorageError) -> Bool {
    do throws(StorageError) {
      return try tryLock()
    } catch {
      if case .system(.flock, let code) = error.kind, ErrorNumber.noLocks.contains(code) {
        return true
      }
      throw error
    }
  }
}
