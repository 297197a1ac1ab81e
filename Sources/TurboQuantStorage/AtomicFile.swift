/// A file written beside its target and moved onto it whole.
///
/// Until `commit` returns, the target is what it was before; a value that ends uncommitted removes
/// its temporary, whose name is `.NAME.tmp-PID-RANDOM`. A process killed outright leaves that
/// temporary behind and the target untouched. A symbolic link at the target is replaced, not
/// followed.
package struct AtomicFile: ~Copyable, Sendable {
  /// The target.
  package let path: String
  /// The number of bytes appended so far.
  package private(set) var byteCount: UInt64 = 0

  private let temporary: String
  private let directory: String
  private var descriptor: FileDescriptor
  private var isCommitted = false
  // After one failure the file's content is unknown, so every later call repeats it.
  private var failure: StorageError?

  /// Creates the temporary of `path`, with the permissions of the file already there, if any.
  package init(_ path: String) throws(StorageError) {
    let existing = try fileStatus(at: path)
    switch existing?.kind {
    case .regular, nil: break
    case .directory: throw StorageError(.isDirectory, path: path)
    case .other: throw StorageError(.notRegularFile, path: path)
    }
    let (directory, name) = AtomicFile.split(path)
    guard !name.isEmpty else { throw StorageError(.isDirectory, path: path) }
    let temporary = directory + AtomicFile.temporaryName(for: name)
    let descriptor = try FileDescriptor(temporary, .creating, reportedAs: path)
    if let permissions = existing?.permissions {
      do throws(StorageError) {
        try descriptor.setPermissions(permissions)
      } catch {
        removeFile(temporary)
        throw error
      }
    }
    self.path = path
    self.directory = directory.isEmpty ? "." : directory
    self.temporary = temporary
    self.descriptor = descriptor
  }

  deinit {
    if !isCommitted { removeFile(temporary) }
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

  /// Brings the bytes to the disk, then moves the file onto its target.
  ///
  /// An error from the very last step, synchronizing the directory, comes when the target is
  /// already new and whole, but might not survive a power cut.
  package consuming func commit() throws(StorageError) {
    if let failure { throw failure }
    try descriptor.synchronize()
    try descriptor.closeReportingFailure()
    // Opened first, so that nothing but the last step can fail once the target is replaced.
    let parent = try FileDescriptor(directory, .directory, reportedAs: path)
    try renameFile(temporary, onto: path)
    isCommitted = true
    do throws(StorageError) {
      try parent.synchronize()
    } catch {
      // Some network file systems cannot synchronize a directory; there is nothing more to do.
      if error.kind == .system(call: .fsync, code: ErrorNumber.invalidArgument) { return }
      throw error
    }
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

  /// Splits a path after its last slash.
  private static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
    let start = path.utf8.index(after: slash)
    return (String(path[..<start]), String(path[start...]))
  }

  private static func temporaryName(for name: String) -> String {
    // A name may have 255 bytes; the longest ending takes 32.
    var stem = Substring(name)
    while stem.utf8.count > 200 { stem.removeLast() }
    let random = String(UInt64.random(in: .min ... .max), radix: 16)
    return ".\(stem).tmp-\(processIdentifier)-\(random)"
  }
}
