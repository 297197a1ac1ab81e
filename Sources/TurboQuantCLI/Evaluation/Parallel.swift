internal import Dispatch
internal import Synchronization

/// Work dealt out to threads.
enum Parallel {
  /// The results of `body` for 0 ..< `count`, in order, computed on up to `threads` threads.
  ///
  /// - Throws: The error of the lowest number that failed.
  static func map<Value: Sendable>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    guard threads > 1, count > 1 else { return try (0..<count).map(body) }
    let results = Mutex([Result<Value, any Error>?](repeating: nil, count: count))
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        let result = Result { try body(index) }
        results.withLock { $0[index] = result }
      }
    }
    return try results.withLock { $0 }.compactMap { try $0?.get() }
  }
}
