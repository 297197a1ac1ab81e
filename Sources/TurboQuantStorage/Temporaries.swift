internal import Synchronization

/// The files that writers create beside their targets, from creation to removal.
///
/// A temporary is named `.NAME.turboquant-PID-RANDOM`, and its writer locks it. An unlocked temporary
/// was left by a process that was killed outright; the next writer in that directory removes it.
enum Temporaries {
  /// The temporaries of this process.
  ///
  /// The lock is held while one is created, moved or removed, so a signal finds each in the list.
  private static let live = Mutex<[PathName]>([])
  /// A counter that shows ThreadSanitizer the order of the threads.
  ///
  /// ThreadSanitizer does not see a lock that threads wait for. It does see this counter, which is read
  /// on entry and incremented on exit.
  private static let turn = Atomic(0)

  private static func withLive<Result: ~Copyable, Failure: Error>(
    _ body: (inout [PathName]) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try live.withLock { (live) throws(Failure) in
      _ = turn.load(ordering: .acquiring)
      defer { turn.wrappingAdd(1, ordering: .releasing) }
      return try body(&live)
    }
  }

  /// Creates the temporary `file`; errors report `path`.
  static func create(
    _ file: PathName, permissions: UInt32, reportedAs path: String
  ) throws(StorageError) -> FileDescriptor {
    try withLive { (live) throws(StorageError) in
      let descriptor = try FileDescriptor(
        file, .creating(permissions: permissions), reportedAs: path)
      live.append(file)
      return descriptor
    }
  }

  /// Moves a temporary onto its target.
  static func move(
    _ file: PathName, onto target: PathName, reportedAs path: String
  ) throws(StorageError) {
    try withLive { (live) throws(StorageError) in
      try renameFile(file, onto: target, reportedAs: path)
      live.removeAll { $0 == file }
    }
  }

  /// Removes a temporary.
  static func remove(_ file: PathName) {
    withLive { live in
      removeFile(file)
      live.removeAll { $0 == file }
    }
  }

  /// Removes all temporaries of this process and ends it as a signal does.
  static func endProcess(by signal: Int32) -> Never {
    withLive { live in
      for file in live { removeFile(file) }
      // The lock is still held; otherwise another thread could create or miss a temporary.
      die(by: signal)
    }
  }

  /// Removes temporaries in a directory whose writers are gone; ignores those it cannot remove.
  static func sweep(_ directory: PathName) {
    for name in (try? names(in: directory)) ?? [] where isTemporary(name) {
      let file = directory.sibling(name)
      guard let left = try? FileDescriptor(file, .locking, reportedAs: file.description),
        (try? left.status())?.kind == .regular, (try? left.tryLock()) == true
      else { continue }
      removeFile(file)
    }
  }

  /// An unused name for a temporary of `target`.
  static func name(for target: PathName) -> PathName {
    let random = String(UInt64.random(in: .min ... .max), radix: 16)
    let ending = ".\(marker)-\(processIdentifier)-\(random)"
    // A name has at most 255 bytes; the longest ending takes 39. Some systems need whole characters.
    let name = target.name
    var end = min(name.count, 200)
    while end > 0, end < name.count, name[end] & 0xC0 == 0x80 { end -= 1 }
    return target.sibling([UInt8(ascii: ".")] + name[..<end] + Array(ending.utf8))
  }

  private static let marker = "turboquant"

  private static func isTemporary(_ name: [UInt8]) -> Bool {
    let parts = name.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard name.first == UInt8(ascii: "."), parts.count >= 3 else { return false }
    let stem = Array(parts[parts.count - 3])
    guard stem.suffix(marker.utf8.count + 1).elementsEqual(".\(marker)".utf8) else { return false }
    return Int32(String(decoding: parts[parts.count - 2], as: UTF8.self)) != nil
      && UInt64(String(decoding: parts[parts.count - 1], as: UTF8.self), radix: 16) != nil
  }
}

/// Removes the files that the process was writing and ends it as a signal does.
package func endProcess(by signal: Int32) -> Never { Temporaries.endProcess(by: signal) }
