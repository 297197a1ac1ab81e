// Every system call of the package passes this file, so that tests can count each one, cut it short
// or fail it (FaultInjection), and so that EINTR is handled once.

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What a path or descriptor names.
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

  /// The kind of file.
  package let kind: Kind
  /// The file's size in bytes.
  package let byteCount: UInt64
  /// The permission bits.
  package let permissions: UInt32

  fileprivate init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      default: .other
      }
    byteCount = UInt64(clamping: status.st_size)
    permissions = UInt32(status.st_mode & 0o7777)
  }
}

/// An open file: closed when the value ends, its errors carry its path.
package struct FileDescriptor: ~Copyable, Sendable {
  /// How to open a file.
  package enum Access: Sendable {
    /// For reading; never waits for the other end of a pipe.
    case reading
    /// For writing a file that must not exist yet.
    case creating
    /// A directory, to synchronize the names in it.
    case directory

    fileprivate var flags: Int32 {
      switch self {
      case .reading: O_RDONLY | O_CLOEXEC | O_NONBLOCK
      case .creating: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
      case .directory: O_RDONLY | O_DIRECTORY | O_CLOEXEC
      }
    }
  }

  /// The path that errors report.
  package let path: String
  private let number: Int32
  private var closesAtEnd: Bool

  /// Opens `file`; errors report `path`, which for a temporary is the path the user knows.
  package init(
    _ file: String, _ access: Access, reportedAs path: String? = nil
  ) throws(StorageError) {
    self.path = path ?? file
    number = try perform(.open, path: self.path) { unsafe open(file, access.flags, 0o666) }
    closesAtEnd = true
  }

  private init(borrowing number: Int32, path: String) {
    self.path = path
    self.number = number
    closesAtEnd = false
  }

  /// Standard input, which is left open at the end.
  package static func standardInput() -> FileDescriptor {
    FileDescriptor(borrowing: STDIN_FILENO, path: "standard input")
  }

  deinit {
    // Nobody is left to tell; whoever needs to know that the bytes arrived calls `close`.
    if closesAtEnd { _ = try? perform(.close, path: path) { close(number) } }
  }

  /// Closes the file and reports a failure, which for a network file may be a failed write.
  package mutating func closeReportingFailure() throws(StorageError) {
    closesAtEnd = false
    _ = try perform(.close, path: path) { close(number) }
  }

  /// Asks the kernel what this is.
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

  /// Writes some of `bytes` at the current position and returns how many.
  package func write(_ bytes: RawSpan) throws(StorageError) -> Int {
    let byteCount = transferLimit(bytes.byteCount)
    let written = try perform(.write, path: path) {
      unsafe bytes.withUnsafeBytes { unsafe systemWrite(number, $0.baseAddress, byteCount) }
    }
    try requireProgress(written, of: bytes.byteCount, .write)
    return written
  }

  /// Writes some of `bytes` at `offset` and returns how many.
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

  /// Returns once the disk, not only the kernel, holds what was written.
  package func synchronize() throws(StorageError) {
    _ = try perform(.fsync, path: path) {
      #if canImport(Darwin)
        // There fsync leaves the bytes in the drive's cache. Not every file system knows the
        // stronger call.
        if fcntl(number, F_FULLFSYNC) == 0 { return 0 }
      #endif
      return fsync(number)
    }
  }

  /// Maps the first `byteCount` bytes, which must be more than 0, for reading.
  func map(byteCount: Int) throws(StorageError) -> UnsafeRawPointer? {
    let address = try perform(.mmap, path: path) {
      unsafe Int(bitPattern: mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, number, 0))
    }
    return unsafe UnsafeRawPointer(bitPattern: address)
  }

  /// Makes an error of a write that moved nothing, or the caller's loop would never end.
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

/// Removes a mapping; a failure leaves it in place and is of no consequence to the caller.
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

/// Asks what `path` names; `nil` when it names nothing.
package func fileStatus(at path: String) throws(StorageError) -> FileStatus? {
  var status = stat()
  do throws(StorageError) {
    _ = try perform(.stat, path: path) { unsafe stat(path, &status) }
  } catch {
    if error.kind == .system(call: .stat, code: ENOENT) { return nil }
    throw error
  }
  return FileStatus(status)
}

/// Moves `source` onto `target` in one step that other processes see whole or not at all.
package func renameFile(_ source: String, onto target: String) throws(StorageError) {
  _ = try perform(.rename, path: target) { unsafe rename(source, target) }
}

/// Removes the name `path`; a failure leaves a stray file and is of no consequence to the caller.
package func removeFile(_ path: String) {
  _ = try? perform(.unlink, path: path) { unsafe unlink(path) }
}

/// The number of this process, for the names of temporary files.
package var processIdentifier: Int32 { getpid() }

/// The operating system's words for an error number.
package func systemErrorMessage(_ code: Int32) -> String {
  guard let message = unsafe strerror(code) else { return "unknown error" }
  return unsafe String(cString: message)
}

/// Error numbers that callers tell apart.
package enum ErrorNumber {
  /// No such file or directory.
  package static let notFound = ENOENT
  /// Permission denied.
  package static let permissionDenied = EACCES
  /// Invalid argument, which some file systems answer to synchronizing a directory.
  package static let invalidArgument = EINVAL
  /// Interrupted by a signal.
  package static let interrupted = EINTR
  /// The disk is full.
  package static let noSpace = ENOSPC
  /// The disk failed.
  package static let inputOutput = EIO
}

/// Makes one system call: again after a signal, and never when a test says that it fails.
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
    // After EINTR Linux has closed the descriptor all the same, and its number may be reused.
    if code == EINTR && call != .close { continue }
    throw StorageError(.system(call: call, code: code), path: path, offset: offset)
  }
}

/// Linux moves at most 2 GiB − 4 KiB a call and macOS refuses more than 2 GiB − 1; both take 1 GiB.
private func transferLimit(_ byteCount: Int) -> Int {
  let limited = min(byteCount, 1 << 30)
  return FaultInjection.current?.limit(limited) ?? limited
}

// Inside `FileDescriptor` the plain names are its own methods.
private func systemRead(
  _ number: Int32, _ bytes: UnsafeMutableRawPointer?, _ byteCount: Int
) -> Int {
  unsafe read(number, bytes, byteCount)
}

private func systemWrite(_ number: Int32, _ bytes: UnsafeRawPointer?, _ byteCount: Int) -> Int {
  unsafe write(number, bytes, byteCount)
}
