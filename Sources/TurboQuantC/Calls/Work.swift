// Long work: how many threads, and whom to tell.

internal import CTurboQuant
internal import TurboQuantThreads

extension tq_work_options: OptionStruct {}

/// A caller's progress function with its context, which the caller says may be used on any thread.
@unsafe private struct Callback: @unchecked Sendable {
  let function: tq_progress
  let context: UnsafeMutableRawPointer?

  /// Whether the work goes on.
  func callAsFunction(_ done: Int, _ total: Int) -> Bool {
    // A progress function may save an index, which calls another one.
    let wasInside = ctq_is_inside_callback()
    ctq_set_inside_callback(true)
    defer { ctq_set_inside_callback(wasInside) }
    return unsafe function(context, UInt64(done), UInt64(total)) == 0
  }
}

extension tq_work_options {
  var threadCount: Int { TurboQuantC.threadCount(unsafe threads) }

  /// What tells the caller about work on `total` units, or nil if it does not want to know.
  func monitor(total: Int) -> WorkMonitor? {
    unsafe TurboQuantC.monitor(progress, context, total: total)
  }
}

/// What calls `progress` about work on `total` units, or nil without one.
func monitor(
  _ progress: tq_progress?, _ context: UnsafeMutableRawPointer?, total: Int
) -> WorkMonitor? {
  guard let function = unsafe progress else { return nil }
  let callback = unsafe Callback(function: function, context: context)
  return WorkMonitor(total: total) { done, total in unsafe callback(done, total) }
}
