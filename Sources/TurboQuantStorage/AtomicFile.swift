/// A file written beside its target and moved onto it whole.
///
/// The target does not change before `commit`. A value that ends uncommitted removes its temporary
/// (`Temporaries`). A symbolic link is followed: the file it points to is replaced, and the link
/// stays. If a file has several names (hard links), only the given name gets the new file.
///
/// The new file has the permissions of the old one, without the set-user-ID, set-group-ID and sticky
/// bits. It has the old owner if the system allows that, as it does for the administrator. Access
/// control lists and extended attributes are not carried over. A file that may not be written is not
/// replaced.
package struct AtomicFile: ~Copyable, Sendable {
  /// The target's path.
  package var path: String { target.path }
  /// The number of bytes appended so far.
  package private(set) var byteCount: UInt64 = 0

  private let target: Target
  private let temporary: PathName
  private var descriptor: FileDescriptor
  private var lock: FileLock?
  private var isCommitted = false
  // After a failure the file's content is unknown, so every later call throws the same error.
  private var failure: StorageError?

  /// Creates the temporary of `path`; `commit` waits for another writer that is changing the file.
  package init(_ path: String) throws(StorageError) {
    try self.init(Target(path), holding: nil)
  }

  /// Creates the temporary of a locked file.
  package init(replacing lock: consuming FileLock) throws(StorageError) {
    let target = lock.target
    try self.init(target, holding: lock)
  }

  private init(_ target: Target, holding lock: consuming FileLock?) throws(StorageError) {
    let path = target.path
    Temporaries.sweep(target.file.directory)
    // The replacement of a private file must not be open to others in the meantime.
    let permissions: UInt32 = target.existing == nil ? 0o666 : 0o600
    while true {
      let temporary = Temporaries.name(for: target.file)
      let descriptor = try Temporaries.create(
        temporary, permissions: permissions, reportedAs: path)
      let isOurs: Bool
      do throws(StorageError) {
        // Before this lock, another writer may have taken the file for one left behind.
        let isLocked = try descriptor.tryLockIfPossible()
        let linkCount = try descriptor.status().linkCount
        isOurs = isLocked && linkCount > 0
      } catch {
        Temporaries.remove(temporary)
        throw error
      }
      if isOurs {
        self.target = target
        self.temporary = temporary
        self.descriptor = descriptor
        self.lock = lock
        return
      }
      Temporaries.remove(temporary)
    }
  }

  deinit {
    if !isCommitted { Temporaries.remove(temporary) }
  }

  /// Appends all of `bytes`.
  package mutating func append(_ bytes: RawSpan) throws(StorageError) {
    let start = byteCount
    try transfer(bytes, at: start) { (file, rest, _) throws(StorageError) in try file.write(rest) }
    byteCount = start + UInt64(bytes.byteCount)
  }

  /// Overwrites bytes already appended.
  package mutating func overwrite(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
    let (end, overflows) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
    guard !overflows, end <= byteCount else {
      throw StorageError(
        .misuse(reason: "overwriting bytes not yet appended"), path: path, offset: offset)
    }
    try transfer(bytes, at: offset) { (file, rest, position) throws(StorageError) in
      try file.write(rest, at: position)
    }
  }

  /// Synchronizes the file with the disk, then moves it onto its target.
  ///
  /// After `replacedNotSynchronized`, an error of the very last step, the target is new and whole, but
  /// its directory could not be synchronized: a power cut may bring the old file back. After every
  /// other error the target is unchanged.
  package consuming func commit() throws(StorageError) {
    if let failure { throw failure }
    if let existing = target.existing { try take(ownerAndPermissionsOf: existing) }
    try descriptor.synchronize()
    // Without its lock, the temporary would look left behind until it has its new name.
    let locked = try descriptor.duplicate()
    try descriptor.closeReportingFailure()
    descriptor = locked
    // Open the directory first: after the target is replaced, only the last step can fail.
    let parent = try FileDescriptor(target.file.directory, .directory, reportedAs: path)
    if lock == nil { lock = try lockTarget() }
    try Temporaries.move(temporary, onto: target.file, reportedAs: path)
    isCommitted = true
    do throws(StorageError) {
      try parent.synchronize()
    } catch {
      guard case .system(_, let code) = error.kind else { throw error }
      // Some network file systems cannot synchronize a directory; there is nothing more to do.
      if code == ErrorNumber.invalidArgument { return }
      throw StorageError(.replacedNotSynchronized(code: code), path: path)
    }
  }

  /// Waits for another writer that is changing the target; nil if there is no target.
  private func lockTarget() throws(StorageError) -> FileLock? {
    guard target.existing != nil else { return nil }
    do throws(StorageError) {
      return try FileLock(target, waitingAtMost: FileLock.patience)
    } catch {
      // The target has been removed in the meantime.
      if error.kind == .system(call: .open, code: ErrorNumber.notFound) { return nil }
      throw error
    }
  }

  /// Gives the temporary the owner and permissions of the old file.
  ///
  /// If the group cannot be set, its permissions would apply to another group. That group then gets
  /// the permissions of everybody instead.
  private func take(ownerAndPermissionsOf old: FileStatus) throws(StorageError) {
    var permissions = old.permissions & 0o777
    let own = try descriptor.status().owner
    if own != old.owner, try !give(user: old.owner.user, group: old.owner.group),
      own.group != old.owner.group, try !give(user: nil, group: old.owner.group)
    {
      permissions = permissions & 0o707 | (permissions & 0o007) << 3
    }
    try descriptor.setPermissions(permissions)
  }

  /// Changes the temporary's owner; false if that is not allowed.
  private func give(user: UInt32?, group: UInt32) throws(StorageError) -> Bool {
    do throws(StorageError) {
      try descriptor.setOwner(user: user, group: group)
    } catch {
      if error.kind == .system(call: .fchown, code: ErrorNumber.notPermitted) { return false }
      throw error
    }
    return true
  }

  private mutating func transfer(
    _ bytes: RawSpan, at offset: UInt64,
    by write: (borrowing FileDescriptor, RawSpan, UInt64) throws(StorageError) -> Int
  ) throws(StorageError) {
    if let failure { throw failure }
    var done = 0
    while done < bytes.byteCount {
      let position = offset + UInt64(done)
      do throws(StorageError) {
        done += try write(descriptor, bytes.extracting(done...), position)
      } catch {
        failure = StorageError(error.kind, path: path, offset: position)
        throw StorageError(error.kind, path: path, offset: position)
      }
    }
  }
}
