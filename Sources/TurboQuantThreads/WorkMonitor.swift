internal import Synchronization

/// What long work asks whether to go on, and tells how far it is.
package final class WorkMonitor: Sendable {
  private let total: Int
  private let report: (@Sendable (_ done: Int, _ total: Int) -> Bool)?
  private let cancelled = Atomic(false)
  private let done = Guarded(0)

  /// Work on `total` units; `report` is called after some of them, never twice at once.
  package init(total: Int, _ report: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil) {
    self.total = total
    guard let report else {
      self.report = nil
      return
    }
    self.report = { done, total in
      report(done, total)
      return true
    }
  }

  /// Work on `total` units, which is cancelled when `goesOn`, called after some of them, is false.
  package init(total: Int, goesOn: @escaping @Sendable (_ done: Int, _ total: Int) -> Bool) {
    self.total = total
    report = goesOn
  }

  package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

  package func cancel() { cancelled.store(true, ordering: .relaxed) }

  /// Notes that `count` more units are done.
  package func advance(by count: Int) {
    guard let report else { return }
    done.withLock {
      $0 += count
      if !report($0, total) { cancel() }
    }
  }
}
