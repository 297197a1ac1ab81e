internal import Synchronization
internal import TurboQuantEvaluation

/// A line on standard error that shows progress, once the work takes longer than a second.
///
/// Nothing is shown when standard error is not a terminal. Threads may report at the same time.
final class Progress: Sendable {
  private let label: String
  private let unit: String
  private let total: Int?
  private let console: Console
  private let elapsed: @Sendable () -> Double
  private let done = Atomic(0)
  /// When the line was last written, the bits of a number of seconds; 0 before the first time.
  private let lastShown = Atomic<UInt64>(0)

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
  func advance(by count: Int = 1) { report(done.add(count, ordering: .relaxed).newValue) }

  /// Notes that `count` pieces are done in all.
  func advance(to count: Int) {
    done.store(count, ordering: .relaxed)
    report(count)
  }

  /// Wipes the line.
  func finish() {
    if lastShown.load(ordering: .relaxed) != 0 { console.writeError("\r\u{1B}[K") }
  }

  private func report(_ done: Int) {
    guard console.showsProgress else { return }
    let now = elapsed()
    let last = lastShown.load(ordering: .relaxed)
    // Of several threads here at once, the one that replaces the time writes.
    guard now >= 1, now - Double(bitPattern: last) >= 0.1,
      lastShown.compareExchange(expected: last, desired: now.bitPattern, ordering: .relaxed)
        .exchanged
    else { return }
    console.writeError("\r\(line(done: done, after: now))\u{1B}[K")
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
