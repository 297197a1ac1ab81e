internal import Dispatch
internal import Synchronization

/// Distributes work to threads; all parallel work of the package goes through here.
package enum Parallel {
  /// The results of `body` for 0 ..< `count`, in order, computed on up to `threads` threads.
  ///
  /// - Throws: The error of the lowest index that failed.
  @inlinable
  package static func map<Value: Sendable, Failure: Error>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws(Failure) -> Value
  ) throws(Failure) -> [Value] {
    try map(count, threads: threads, state: {}) { (_, index) throws(Failure) in try body(index) }
  }

  /// Like the other `map`, with a state that each thread creates once and keeps.
  @inlinable
  package static func map<State, Value: Sendable, Failure: Error>(
    _ count: Int, threads: Int, state: @Sendable () -> State,
    _ body: @Sendable (inout State, Int) throws(Failure) -> Value
  ) throws(Failure) -> [Value] {
    guard threads > 1, count > 1 else {
      // Inlined and specialized at the call: generic code would cost a short search a tenth of its time.
      var values: [Value] = []
      values.reserveCapacity(count)
      var own = state()
      for index in 0..<count { values.append(try body(&own, index)) }
      return values
    }
    return try dealOut(count, threads: threads, state: state, body)
  }

  @usableFromInline
  static func dealOut<State, Value: Sendable, Failure: Error>(
    _ count: Int, threads: Int, state: @Sendable () -> State,
    _ body: @Sendable (inout State, Int) throws(Failure) -> Value
  ) throws(Failure) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    let slots = (0..<count).map { _ in Slot<Result<Value, Failure>>() }
    let next = Atomic(0)
    // Whatever is below an index that failed has begun, so the lowest failure is among those that have.
    let hasFailed = Atomic(false)
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
      var own = state()
      while !hasFailed.load(ordering: .relaxed) {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        let result = Result { () throws(Failure) in try body(&own, index) }
        if case .failure = result { hasFailed.store(true, ordering: .relaxed) }
        slots[index].content.withLock { $0 = result }
      }
    }
    for slot in slots {
      if let result = slot.content.withLock({ $0 }) { values.append(try result.get()) }
    }
    return values
  }
}

/// Holds one result until it is collected.
///
/// One lock for all results would order the calls of `body`, which have no order, and so hide their
/// races from ThreadSanitizer. Threads would also wait for it, in a library that ThreadSanitizer does
/// not see.
private final class Slot<Content: Sendable>: Sendable {
  let content = Mutex<Content?>(nil)
}
