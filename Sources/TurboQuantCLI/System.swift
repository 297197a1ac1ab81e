// One of the files of this module that may say `unsafe`: the environment comes through pointers.
#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

/// What the system says of this process, and how the process ends.
enum System {
  /// A variable of the environment; nil where it is not set.
  static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// The number of processors that are on.
  static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Ends the process with an exit code.
  static func end(_ code: Int32) -> Never { exit(code) }
}
