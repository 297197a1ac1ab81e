internal import Dispatch

/// Runs `body` once per index below `count`, on all cores, and returns when all calls have ended.
func inParallel(_ count: Int, _ body: (Int) -> Void) {
  if count == 1 {
    body(0)  // Waking threads takes longer than a small product.
  } else if count > 1 {
    // The pieces of every caller write to separate memory, which the compiler cannot see.
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
