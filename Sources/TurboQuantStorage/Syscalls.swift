// Every system call of the package is made in this file. So tests can count each call, cut it short or
// let it fail (FaultInjection), and EINTR is handled in one place.

internal import Synchronization
internal import TurboQuantKernels

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The status of the file that a path or descriptor names.
package struct FileStatus: Equatable, Sendable {
  /// The kinds of file that matter here.
  package enum Kind: Equatable, Sendable {
    /// A regular file: it has a size and can be mapped.
    case regular
    /// A directory.
    case directory
    /// A pipe, socket, device or anything else.
    case other
  }

  /// Distinguishes a file from all others, whatever its names.
  package struct Identity: Hashable, Sendable {
    fileprivate let device: UInt64
    fileprivate let inode: UInt64
  }

  /// The kind of file.
  package let kind: Kind
  /// The file's size in bytes.
  package let byteCount: UInt64
  /// The permission bits.
  package let permissions: UInt32
  /// The identity of the file.
  package let identity: Identity
  /// The number of names that the file has.
  package let linkCount: Int
  /// The user and the group that own the file.
  let owner: Owner

  struct Owner: Equatable, Sendable {
    let user: UInt32
    let group: UInt32
  }

  fileprivate init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      default: .other
      }
    byteCount = UInt64(clamping: status.st_size)
    permissions = UInt32(status.st_mode & 0o7777)
    identity = Identity(
      device: UInt64(truncatingIfNeeded: status.st_dev),
      inode: UInt64(truncatingIfNeeded: status.st_ino))
    linkCount = Int(status.st_nlink)
    owner = Owner(user: status.st_uid, group: status.st_gid)
  }
}

/// An open file, which is closed when the value ends; its errors contain its path.
package struct FileDescriptor: ~Copyable, Sendable {
  /// How to open a file.
  package enum Access: Sendable {
    /// For reading; never waits for the other end of a pipe.
    case reading
    /// For writing a file that must not exist yet.
    case creating(permissions: UInt32)
    /// For locking, which on a network file system needs a writable file; never follows a link.
    case locking
    /// For synchronizing the names in a directory.
    case directory

    fileprivate var flags: Int32 {
      switch self {
      case .reading: O_RDONLY | O_CLOEXEC | O_NONBLOCK
      case .creating: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
      case .locking: O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW
      case .directory: O_RDONLY | O_DIRECTORY | O_CLOEXEC
      }
    }

    fileprivate var permissions: mode_t {
      if case .creating(let permissions) = self { mode_t(permissions) } else { 0 }
    }
  }

  /// The path that errors report.
  package let path: String
  private let number: Int32
  private var closesAtEnd: Bool

  /// Opens the file at `path`.
  package init(_ path: String, _ access: Access) throws(StorageError) {
    try self.init(PathName(path), access, reportedAs: path)
  }

  /// Opens `file`; errors report `path`.
  ///
  /// For a temporary, `path` is that of the target, which the user knows.
  init(_ file: PathName, _ access: Access, reportedAs path: String) throws(StorageError) {
    self.path = path
    number = try perform(.open, path: path) {
      unsafe open(file.terminated, access.flags, access.permissions)
    }
    closesAtEnd = true
  }

  private init(_ number: Int32, path: String, closesAtEnd: Bool) {
    self.path = path
    self.number = number
    self.closesAtEnd = closesAtEnd
  }

  /// Standard input, which is left open at the end.
  package static func standardInput() -> FileDescriptor {
    FileDescriptor(STDIN_FILENO, path: "standard input", closesAtEnd: false)
  }

  /// Standard output, which is left open at the end.
  package static func standardOutput() -> FileDescriptor {
    FileDescriptor(STDOUT_FILENO, path: "standard output", closesAtEnd: false)
  }

  /// Standard error, which is left open at the end.
  package static func standardError() -> FileDescriptor {
    FileDescriptor(STDERR_FILENO, path: "standard error", closesAtEnd: false)
  }

  deinit {
    // A deinit cannot report a failure; a caller that must know calls `closeReportingFailure`.
    if closesAtEnd { _ = try? perform(.close, path: path) { close(number) } }
  }

  /// Closes the file and reports a failure; on a network file system that may be a failed write.
  package mutating func closeReportingFailure() throws(StorageError) {
    closesAtEnd = false
    _ = try perform(.close, path: path) { close(number) }
  }

  /// Makes a second descriptor of the open file; a lock lasts until both are closed.
  func duplicate() throws(StorageError) -> FileDescriptor {
    let copy = try perform(.dup, path: path) { fcntl(number, F_DUPFD_CLOEXEC, 0) }
    return FileDescriptor(copy, path: path, closesAtEnd: true)
  }

  /// Locks the file until this descriptor is closed; false if another descriptor has locked it.
  func tryLock() throws(StorageError) -> Bool {
    do throws(StorageError) {
      _ = try perform(.flock, path: path) { flock(number, LOCK_EX | LOCK_NB) }
    } catch {
      if error.kind == .system(call: .flock, code: EWOULDBLOCK) { return false }
      throw error
    }
    return true
  }

  /// Asks the kernel for the file's status.
  package func status() throws(StorageError) -> FileStatus {
    var status = stat()
    _ = try perform(.fstat, path: path) { unsafe fstat(number, &status) }
    return FileStatus(status)
  }

  /// Reads up to `buffer.byteCount` bytes at the current position; 0 at the end of the file.
  package func read(into buffer: inout MutableRawSpan) throws(StorageError) -> Int {
    let byteCount = transferLimit(buffer.byteCount)
    return try perform(.read, path: path) {
      unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe systemRead(number, bytes.baseAddress, byteCount)
      }
    }
  }

  /// Waits until reading would not block: bytes are there, or the other end is closed.
  ///
  /// - Parameter milliseconds: The longest wait; -1 waits forever.
  /// - Returns: Whether this happened in time.
  package func waitForInput(milliseconds: Int32) throws(StorageError) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return try perform(.poll, path: path) { unsafe poll(&entry, 1, milliseconds) } > 0
  }

  /// Reads up to `buffer.byteCount` bytes at `offset`; 0 at the end of the file.
  package func read(
    into buffer: inout MutableRawSpan, at offset: UInt64
  ) throws(StorageError) -> Int {
    let byteCount = transferLimit(buffer.byteCount)
    let position = try filePosition(offset)
    return try perform(.pread, path: path, offset: offset) {
      unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe pread(number, bytes.baseAddress, byteCount, position)
      }
    }
  }

  /// Writes some of `bytes` at the current position and returns the number written.
  package func write(_ bytes: RawSpan) throws(StorageError) -> Int {
    let byteCount = transferLimit(bytes.byteCount)
    let written = try perform(.write, path: path) {
      unsafe bytes.withUnsafeBytes { unsafe systemWrite(number, $0.baseAddress, byteCount) }
    }
    try requireProgress(written, of: bytes.byteCount, .write)
    return written
  }

  /// Writes all of `bytes` at the current position.
  package func writeAll(_ bytes: [UInt8]) throws(StorageError) {
    var done = 0
    while done < bytes.count { done += try write(bytes.span.raw.extracting(done...)) }
  }

  /// Writes some of `bytes` at `offset` and returns the number written.
  package func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) -> Int {
    let byteCount = transferLimit(bytes.byteCount)
    let position = try filePosition(offset)
    let written = try perform(.pwrite, path: path, offset: offset) {
      unsafe bytes.withUnsafeBytes { unsafe pwrite(number, $0.baseAddress, byteCount, position) }
    }
    try requireProgress(written, of: bytes.byteCount, .pwrite)
    return written
  }

  /// Sets the permission bits.
  package func setPermissions(_ permissions: UInt32) throws(StorageError) {
    _ = try perform(.fchmod, path: path) { fchmod(number, mode_t(permissions)) }
  }

  /// Sets the file's group and, unless `user` is nil, its user.
  func setOwner(user: UInt32?, group: UInt32) throws(StorageError) {
    // The largest number leaves the user unchanged.
    _ = try perform(.fchown, path: path) { fchown(number, user ?? .max, group) }
  }

  /// Returns when the written bytes are on the disk, not only in the kernel.
  package func synchronize() throws(StorageError) {
    _ = try perform(.fsync, path: path) {
      #if canImport(Darwin)
        // On Darwin, fsync leaves the bytes in the drive's cache. Not every file system supports
        // the stronger call.
        if fcntl(number, F_FULLFSYNC) == 0 { return 0 }
      #endif
      return fsync(number)
    }
  }

  /// Maps the first `byteCount` bytes for reading; `byteCount` must be more than 0.
  func map(byteCount: Int) throws(StorageError) -> UnsafeRawPointer? {
    let address = try perform(.mmap, path: path) {
      unsafe Int(bitPattern: mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, number, 0))
    }
    return unsafe UnsafeRawPointer(bitPattern: address)
  }

  /// Throws if a write moved nothing; otherwise the caller's loop would never end.
  private func requireProgress(
    _ written: Int, of byteCount: Int, _ call: SystemCall
  ) throws(StorageError) {
    guard written > 0 || byteCount == 0 else {
      throw StorageError(.system(call: call, code: EIO), path: path)
    }
  }

  private func filePosition(_ offset: UInt64) throws(StorageError) -> off_t {
    guard let position = off_t(exactly: offset) else {
      throw StorageError(.misuse(reason: "no file reaches this far"), path: path, offset: offset)
    }
    return position
  }
}

/// Removes a mapping; after a failure the mapping stays, which does not affect the caller.
func unmap(_ base: UnsafeRawPointer, byteCount: Int, path: String) {
  _ = try? perform(.munmap, path: path) {
    unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
  }
}

/// Advises the kernel that a mapping will be read from front to back; a failure costs only speed.
func adviseSequential(_ base: UnsafeRawPointer, byteCount: Int, path: String) {
  _ = try? perform(.madvise, path: path) {
    unsafe madvise(UnsafeMutableRawPointer(mutating: base), byteCount, MADV_SEQUENTIAL)
  }
}

/// Frees the memory of pages that were read; if they are touched again, they are read again.
func forget(_ base: UnsafeRawPointer, byteCount: Int, path: String) {
  _ = try? perform(.madvise, path: path) {
    unsafe madvise(UnsafeMutableRawPointer(mutating: base), byteCount, MADV_DONTNEED)
  }
}

/// Asks for the status of the file at `path`; `nil` if there is none.
package func fileStatus(at path: String) throws(StorageError) -> FileStatus? {
  try fileStatus(at: PathName(path), reportedAs: path)
}

/// Asks for the status of `file`; `nil` if there is no such file.
func fileStatus(
  at file: PathName, reportedAs path: String
) throws(StorageError) -> FileStatus? {
  var status = stat()
  do throws(StorageError) {
    _ = try perform(.stat, path: path) { unsafe stat(file.terminated, &status) }
  } catch {
    if error.kind == .system(call: .stat, code: ENOENT) { return nil }
    throw error
  }
  return FileStatus(status)
}

/// Asks whether this process may write to a file, or create files in a directory.
func isWritable(_ file: PathName, reportedAs path: String) throws(StorageError) -> Bool {
  do throws(StorageError) {
    _ = try perform(.access, path: path) { unsafe access(file.terminated, W_OK) }
  } catch {
    if case .system(_, EACCES) = error.kind { return false }
    throw error
  }
  return true
}

/// Asks for the target of a symbolic link; `nil` if `file` is not a link.
func readLink(_ file: PathName, reportedAs path: String) throws(StorageError) -> [UInt8]? {
  var target = [CChar](repeating: 0, count: Int(PATH_MAX))
  do throws(StorageError) {
    let count = try perform(.readlink, path: path) {
      unsafe readlink(file.terminated, &target, target.count)
    }
    return target[..<count].map { UInt8(truncatingIfNeeded: $0) }
  } catch {
    if case .system(_, EINVAL) = error.kind { return nil }
    if case .system(_, ENOENT) = error.kind { return nil }
    throw error
  }
}

/// The names in a directory.
func names(in directory: PathName) throws(StorageError) -> [[UInt8]] {
  var opened: DirectoryStream?
  _ = try perform(.opendir, path: directory.description) {
    unsafe opened = opendir(directory.terminated)
    return unsafe opened == nil ? -1 : 0
  }
  guard let stream = unsafe opened else { return [] }
  defer { unsafe closedir(stream) }
  var names: [[UInt8]] = []
  while let entry = unsafe readdir(stream) {
    // An entry ends after its name, so it may be shorter than its type.
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { break }
    let name = unsafe (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
    names.append(unsafe Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
  }
  return names
}

/// Moves `source` onto `target` atomically.
func renameFile(
  _ source: PathName, onto target: PathName, reportedAs path: String
) throws(StorageError) {
  _ = try perform(.rename, path: path) {
    unsafe rename(source.terminated, target.terminated)
  }
}

/// Removes the name `file`; a failure leaves a stray file, which does not affect the caller.
func removeFile(_ file: PathName) {
  _ = try? perform(.unlink, path: file.description) { unsafe unlink(file.terminated) }
}

/// Waits between two attempts.
func pause(milliseconds: UInt32) { usleep(1000 * milliseconds) }

/// The number of this process, for the names of temporaries.
package var processIdentifier: Int32 { getpid() }

/// Opens a placeholder for each standard stream that the parent has closed.
///
/// Otherwise a file opened later could become standard output or standard error, and printed text
/// would be written into it. Using a closed stream is still an error.
package func reserveStandardStreams() {
  for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
    // `open` takes the lowest free number.
    _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
  }
}

/// The number of the signal that ends a process when it writes to a pipe that nobody reads.
package var brokenPipeSignal: Int32 { SIGPIPE }

/// Runs `body` with the signals of a program, and then restores those of the process.
///
/// SIGINT, SIGTERM and SIGHUP remove this process's temporaries before they end it. Impossible writes, to a pipe that
/// nobody reads or to a file that may not grow further, return an error instead of ending the process.
///
/// Call this before other threads start: threads that start later leave the signals to a thread that waits for them
/// here. In that thread, unlike in a signal handler, any code may run.
package func withSignalsOfProgram<Result>(_ body: () -> Result) -> Result {
  var (brokenPipe, fullFile) = (ignore(SIGPIPE), ignore(SIGXFSZ))
  defer {
    unsafe sigaction(SIGPIPE, &brokenPipe, nil)
    unsafe sigaction(SIGXFSZ, &fullFile, nil)
  }
  let numbers = [SIGINT, SIGTERM, SIGHUP].filter { !isIgnored($0) }
  var (signals, before) = (signalSet(numbers), sigset_t())
  unsafe pthread_sigmask(SIG_BLOCK, &signals, &before)
  defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
  // Without the thread, a signal waits until the work is done.
  let waiting = WaitingForSignals(numbers)
  defer { waiting?.end() }
  return body()
}

/// A thread that waits for a signal, and then ends the process.
@safe private final class WaitingForSignals: Sendable {
  private let numbers: [Int32]
  private let isOver = Atomic(false)
  /// The bits of the thread's handle.
  private let thread = Atomic<UInt>(0)

  /// Begins to wait; nil where that is for nothing or fails.
  init?(_ numbers: [Int32]) {
    self.numbers = numbers
    guard !numbers.isEmpty else { return nil }
    let own = unsafe Unmanaged.passRetained(self)
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let code = unsafe pthread_create(
      &thread, nil,
      { own in
        let own: UnsafeMutableRawPointer? = unsafe own
        if let own = unsafe own {
          unsafe Unmanaged<WaitingForSignals>.fromOpaque(own).takeRetainedValue().wait()
        }
        return nil
      }, own.toOpaque())
    guard code == 0 else {
      unsafe own.release()
      return nil
    }
    #if canImport(Darwin)
      self.thread.store(UInt(bitPattern: thread), ordering: .relaxed)
    #else
      self.thread.store(thread, ordering: .relaxed)
    #endif
  }

  private func wait() {
    var (signals, number) = (signalSet(numbers), Int32(0))
    while unsafe sigwait(&signals, &number) != 0 {}
    if !isOver.load(ordering: .acquiring) { Temporaries.endProcess(by: number) }
  }

  /// Wakes the thread by one of its signals, which is for nobody else, and waits for its end.
  func end() {
    isOver.store(true, ordering: .releasing)
    let bits = thread.load(ordering: .relaxed)
    #if canImport(Darwin)
      guard let thread = unsafe pthread_t(bitPattern: bits) else { return }
      unsafe pthread_kill(thread, numbers[0])
      unsafe pthread_join(thread, nil)
    #else
      pthread_kill(bits, numbers[0])
      pthread_join(bits, nil)
    #endif
  }
}

/// Ignores a signal; returns what was done about it before.
private func ignore(_ number: Int32) -> sigaction {
  let before = action(of: number)
  signal(number, SIG_IGN)
  return before
}

private func action(of number: Int32) -> sigaction {
  var action = sigaction()
  unsafe sigaction(number, nil, &action)
  return action
}

/// Whether the process ignores a signal, because of its parent.
private func isIgnored(_ number: Int32) -> Bool {
  let action = action(of: number)
  #if canImport(Darwin)
    let handler = unsafe action.__sigaction_u.__sa_handler
  #else
    let handler = unsafe action.__sigaction_handler.sa_handler
  #endif
  return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}

private func signalSet(_ numbers: [Int32]) -> sigset_t {
  var signals = sigset_t()
  unsafe sigemptyset(&signals)
  for number in numbers { unsafe sigaddset(&signals, number) }
  return signals
}

/// Ends the process as the signal does by default.
func die(by number: Int32) -> Never {
  signal(number, SIG_DFL)
  var signals = sigset_t()
  unsafe sigemptyset(&signals)
  unsafe sigaddset(&signals, number)
  unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  raise(number)
  _exit(128 + number)
}

/// The operating system's message for an error number.
package func systemErrorMessage(_ code: Int32) -> String {
  guard let message = unsafe strerror(code) else { return "unknown error" }
  return unsafe String(cString: message)
}

/// Error numbers that callers distinguish.
package enum ErrorNumber {
  /// No such file or directory.
  package static let notFound = ENOENT
  /// Permission denied.
  package static let permissionDenied = EACCES
  /// A pipe that was opened without waiting has nothing to read yet.
  package static let wouldBlock = EAGAIN
  /// Invalid argument; some file systems return it for synchronizing a directory.
  package static let invalidArgument = EINVAL
  /// Interrupted by a signal.
  package static let interrupted = EINTR
  /// The disk is full.
  package static let noSpace = ENOSPC
  /// The disk failed.
  package static let inputOutput = EIO
  /// The other end of a pipe is closed.
  package static let brokenPipe = EPIPE
  /// The file system has no locks.
  static let noLocks = [ENOLCK, ENOTSUP, ENOSYS]
  /// Only the owner or the administrator is allowed to do this.
  static let notPermitted = EPERM
  /// A chain of symbolic links does not end.
  static let tooManyLinks = ELOOP
}

/// Makes one system call and repeats it after a signal.
///
/// If a test plans a failure, the call is not made.
private func perform<Result: SignedInteger>(
  _ call: SystemCall, path: String, offset: UInt64? = nil, _ body: () -> Result
) throws(StorageError) -> Result {
  while true {
    let code: Int32
    if let injected = FaultInjection.current?.enter(call) {
      code = injected
    } else {
      let result = body()
      if result != -1 { return result }
      code = errno
    }
    // After EINTR, Linux has closed the descriptor anyway, and its number may be reused.
    if code == EINTR && call != .close { continue }
    throw StorageError(.system(call: call, code: code), path: path, offset: offset)
  }
}

/// Limits a transfer to 1 GiB, which every system accepts.
///
/// Linux moves at most 2 GiB − 4 KiB per call, and macOS refuses more than 2 GiB − 1 bytes.
private func transferLimit(_ byteCount: Int) -> Int {
  let limited = min(byteCount, 1 << 30)
  return FaultInjection.current?.limit(limited) ?? limited
}

#if canImport(Darwin)
  private typealias DirectoryStream = UnsafeMutablePointer<DIR>
#else
  private typealias DirectoryStream = OpaquePointer
#endif

// Inside `FileDescriptor`, the plain names mean its own methods.
private func systemRead(
  _ number: Int32, _ bytes: UnsafeMutableRawPointer?, _ byteCount: Int
) -> Int {
  unsafe read(number, bytes, byteCount)
}

private func systemWrite(_ number: Int32, _ bytes: UnsafeRawPointer?, _ byteCount: Int) -> Int {
  unsafe write(number, bytes, byteCount)
}
