package import Dispatch

/// Work that a task waits for without keeping a thread of Swift concurrency.
package enum Background {
  /// Runs `body` on `queue`; when the task is cancelled, so is `monitor`, which `body` asks.
  ///
  /// - Throws: What `body` throws; `CancellationError` if the task is cancelled before it begins.
  package static func run<Result: Sendable>(
    on queue: DispatchQueue, _ monitor: WorkMonitor,
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try Task.checkCancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.async { continuation.resume(with: Swift.Result { try body() }) }
      }
    } onCancel: {
      monitor.cancel()
    }
  }
}
