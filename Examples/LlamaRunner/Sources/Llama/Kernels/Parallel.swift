internal import Dispatch

/// Runs `body` once for each index below `count`, on all cores, and returns when all are done.
func inParallel(_ count: Int, _ body: (Int) -> Void) {
  if count == 1 {
    body(0)  // Waking threads takes longer than a small product.
  } else if count > 1 {
    // Every caller's pieces write apart from one another, which the compiler cannot see.
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: count) { unsafe body($0) }
  }
}

/// `0..<count` cut into pieces of at most `length`.
struct Pieces {
  let total: Int
  let length: Int

  var count: Int { (total + length - 1) / length }

  subscript(index: Int) -> Range<Int> {
    index * length..<min(total, (index + 1) * length)
  }
}
