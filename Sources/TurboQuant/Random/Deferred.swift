internal import Synchronization

/// A value that is computed when it is first needed.
///
/// Threads that ask for it at the same time may each compute it; all of them get the value that was ready first.
final class Deferred<Value: Sendable>: Sendable {
  private final class Box: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  private let made = AtomicLazyReference<Box>()
  private let make: @Sendable () -> Value

  /// Creates a value from `make`, which must return the same value each time.
  init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  /// The value.
  var value: Value { (made.load() ?? made.storeIfNil(Box(make()))).value }
}
