/// The right to replace a file, which one writer at a time has.
///
/// The lock is the system's advisory one (`flock`), so it ends with the process, however that ends.
/// A writer holds it while it replaces a file. A writer that reads the file to replace it by a changed
/// one also holds it while it reads. Other readers take no lock. On a file system without locks, all
/// writers get the right at once.
package struct FileLock: ~Copyable, Sendable {
  let target: Target
  private let descriptor: FileDescriptor

  /// How long writers wait for each other by default.
  package static let patience = Duration.seconds(30)

  /// Takes the right to replace the file at `path`; waits if another writer has it.
  package init(_ path: String, waitingAtMost patience: Duration) throws(StorageError) {
    try self.init(Target(path), waitingAtMost: patience)
  }

  init(_ target: Target, waitingAtMost patience: Duration) throws(StorageError) {
    let path = target.path
    let deadline = ContinuousClock.now + patience
    while true {
      let descriptor = try FileDescriptor(target.file, .locking, reportedAs: path)
      // During the wait, another file may have replaced the one that is now locked.
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
  /// Locks the file as `tryLock` does; also true if the file system has no locks.
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
