// One of the files of this module that may say `unsafe`: the terminal's size comes through a
// pointer.
#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

/// What the process's streams are connected to.
enum Terminal {
  /// Whether the file descriptor is a terminal.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// The number of columns of the terminal at the file descriptor, or nil when it is none.
  static func columns(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }
}
