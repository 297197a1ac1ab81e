internal import Synchronization

/// The system calls of this module.
package enum SystemCall: String, CaseIterable, Sendable {
  /// Opens a file or a directory.
  case open
  /// Closes a descriptor.
  case close
  /// Reads at the descriptor's position.
  case read
  /// Reads at a given offset.
  case pread
  /// Writes at the descriptor's position.
  case write
  /// Writes at a given offset.
  case pwrite
  /// Waits for a pipe to have bytes.
  case poll
  /// Asks what an open descriptor is.
  case fstat
  /// Asks what a path names.
  case stat
  /// Asks what this process may do with a file.
  case access
  /// Asks where a symbolic link leads.
  case readlink
  /// Lists the names in a directory.
  case opendir
  /// Sets the permissions of an open file.
  case fchmod
  /// Sets the owner of an open file.
  case fchown
  /// Locks an open file.
  case flock
  /// Makes a second descriptor of an open file.
  case dup
  /// Maps a file into memory.
  case mmap
  /// Removes a mapping.
  case munmap
  /// Advises the kernel how a mapping will be read.
  case madvise
  /// Forces a file's bytes, or a directory's names, to the disk.
  case fsync
  /// Moves one name onto another.
  case rename
  /// Removes a name.
  case unlink
}

/// A plan that lets system calls of one task fail, so that tests reach every failure path.
///
/// Bind it with `FaultInjection.$current.withValue(plan) { … }`. Outside tests no plan is bound, and
/// the cost per system call is one task-local look-up.
package final class FaultInjection: Sendable {
  /// The plan in force for the current task, if any.
  @TaskLocal package static var current: FaultInjection?

  private let failingIndex: Int?
  private let code: Int32
  private let longestTransfer: Int
  private let recorded = Mutex<[SystemCall]>([])

  /// Creates a plan.
  ///
  /// - Parameters:
  ///   - failingIndex: The call that fails, counted from 0; with `nil` none fails, and calls are
  ///     only recorded.
  ///   - code: The error number of the failing call.
  ///   - longestTransfer: The largest number of bytes per read or write, to force short transfers.
  package init(failing failingIndex: Int? = nil, code: Int32 = 0, longestTransfer: Int = .max) {
    self.failingIndex = failingIndex
    self.code = code
    self.longestTransfer = longestTransfer
  }

  /// The calls made so far, in order, including the failed one.
  package var calls: [SystemCall] { recorded.withLock { $0 } }

  /// Records a call; returns an error number if the call must fail.
  func enter(_ call: SystemCall) -> Int32? {
    recorded.withLock { calls in
      calls.append(call)
      return calls.count - 1 == failingIndex ? code : nil
    }
  }

  /// Limits the size of one transfer.
  func limit(_ byteCount: Int) -> Int { min(byteCount, longestTransfer) }
}
