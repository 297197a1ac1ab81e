internal import Dispatch
internal import Synchronization

/// The results of `body` for 0 ..< `count`, in order, computed on up to `threads` threads.
///
/// - Throws: The error of the lowest number that failed.
func concurrentMap<Value: Sendable>(
  _ count: Int, threads: Int, _ body: @Sendable (Int) throws(IndexError) -> Value
) throws(IndexError) -> [Value] {
  guard threads > 1, count > 1 else {
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count { values.append(try body(index)) }
    return values
  }
  let results = Mutex([Result<Value, IndexError>?](repeating: nil, count: count))
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      let result: Result<Value, IndexError>
      do throws(IndexError) {
        result = .success(try body(index))
      } catch {
        result = .failure(error)
      }
      results.withLock { $0[index] = result }
    }
  }
  var values: [Value] = []
  values.reserveCapacity(count)
  for case let result? in results.withLock({ $0 }) { values.append(try result.get()) }
  return values
}
