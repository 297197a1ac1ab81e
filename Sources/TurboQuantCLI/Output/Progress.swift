internal import Synchronization

/// A line on standard error that says how far the work is, once it lasts longer than a second.
///
/// Nothing is shown when standard error is not a terminal. Threads may report at the same time.
final class Progress: Sendable {
  private struct State {
    var done = 0
    var lastShown: Double?
  }

  private let label: String
  private let unit: String
  private let total: Int?
  private let console: Console
  private let elapsed: @Sendable () -> Double
  private let state = Mutex(State())

  /// Starts the clock on `total` pieces of work, an unknown number if nil.
  ///
  /// `elapsed` gives the seconds since the start.
  init(
    _ label: String, total: Int?, unit: String, _ console: Console,
    elapsed: (@Sendable () -> Double)? = nil
  ) {
    self.label = label
    self.total = total
    self.unit = unit
    self.console = console
    let start = ContinuousClock.now
    self.elapsed = elapsed ?? { (ContinuousClock.now - start).seconds }
  }

  /// Notes that `count` more pieces are done.
  func advance(by count: Int = 1) { report { $0 + count } }

  /// Notes that `count` pieces are done in all.
  func advance(to count: Int) { report { _ in count } }

  /// Wipes the line.
  func finish() {
    if state.withLock({ $0.lastShown }) != nil { console.writeError("\r\u{1B}[K") }
  }

  private func report(_ update: (Int) -> Int) {
    state.withLock { state in
      state.done = update(state.done)
      guard console.showsProgress else { return }
      let now = elapsed()
      guard now >= 1, now - (state.lastShown ?? 0) >= 0.1 else { return }
      state.lastShown = now
      console.writeError("\r\(line(done: state.done, after: now))\u{1B}[K")
    }
  }

  private func line(done: Int, after seconds: Double) -> String {
    let rate = Double(done) / seconds
    let speed = "\(Numbers.rate(rate)) \(unit)/s"
    guard let total, total > 0 else {
      return "\(label): \(Numbers.grouped(done)) \(unit), \(speed)"
    }
    let share = Int(100 * Double(done) / Double(total))
    let left = rate > 0 ? ", \(Numbers.duration(Double(total - done) / rate)) left" : ""
    return "\(label): \(share)% of \(Numbers.grouped(total)) \(unit), \(speed)\(left)"
  }
}
