internal import Dispatch
internal import Synchronization

/// Work dealt out to threads; whatever the package does on several threads passes here.
package enum Parallel {
  /// The results of `body` for 0 ..< `count`, in order, computed on up to `threads` threads.
  ///
  /// - Throws: The error of the lowest number that failed.
  package static func map<Value: Sendable, Failure: Error>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws(Failure) -> Value
  ) throws(Failure) -> [Value] {
    guard threads > 1, count > 1 else { return try (0..<count).map(body) }
    let slots = (0..<count).map { _ in Slot<Result<Value, Failure>>() }
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        let result = Result { () throws(Failure) in try body(index) }
        slots[index].content.withLock { $0 = result }
      }
    }
    var values: [Value] = []
    values.reserveCapacity(count)
    for slot in slots {
      if let result = slot.content.withLock({ $0 }) { values.append(try result.get()) }
    }
    return values
  }
}

/// Where one result waits to be collected.
///
/// One lock for all results would put the calls of `body` in an order that they do not have, and
/// hide their races from ThreadSanitizer; and it would be waited for, which happens in a library
/// where ThreadSanitizer does not look.
private final class Slot<Content: Sendable>: Sendable {
  let content = Mutex<Content?>(nil)
}
