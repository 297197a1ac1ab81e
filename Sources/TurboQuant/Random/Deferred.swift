internal import Synchronization

/// A value that is made when it is first asked for.
///
/// Threads that ask at the same time may each make it; all of them get the one that was ready first.
final class Deferred<Value: Sendable>: Sendable {
  private final class Box: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  private let made = AtomicLazyReference<Box>()
  private let make: @Sendable () -> Value

  /// A value that `make` makes, which gives the same each time.
  init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  /// The value.
  var value: Value { (made.load() ?? made.storeIfNil(Box(make()))).value }
}
