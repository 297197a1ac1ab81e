package import Synchronization

/// A value that only one thread at a time reads or changes.
///
/// The standard library's lock waits in code that ThreadSanitizer does not see, so ThreadSanitizer would
/// report every hand-over as a race. A counter, read on entry and incremented on exit, shows the order.
package struct Guarded<Value: Sendable>: ~Copyable, Sendable {
  @usableFromInline let value: Mutex<Value>
  @usableFromInline let turn = Atomic(0)

  /// Guards `value`.
  @inlinable package init(_ value: sending Value) { self.value = Mutex(value) }

  /// Runs `body` while no other thread has access to the value.
  ///
  /// Inlinable: as generic code it would look up the lock's type each time.
  @inlinable @inline(__always) package borrowing func withLock<Result: Sendable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try value.withLock { (value) throws(Failure) in
      _ = turn.load(ordering: .acquiring)
      defer { turn.wrappingAdd(1, ordering: .releasing) }
      return try body(&value)
    }
  }
}
