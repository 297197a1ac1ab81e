// A sliding window: which pages are forgotten, and which queries would miss them.

extension KVCache {
  /// The first token after the sinks that is not forgotten.
  var firstHeld: Int { heads[0].keys.storedStart }

  /// Forgets the pages that no later query sees.
  mutating func forgetPages() {
    guard let reach = codec.configuration.slidingWindow else { return }
    let rows = min(positions.firstSeen(count + 1, reach) - firstHeld, heads[0].keys.stored.count)
    let pages = max(0, rows) / Page.rowCount
    guard pages > 0 else { return }
    for h in heads.indices {
      heads[h].keys.forget(pages: pages)
      heads[h].values.forget(pages: pages)
    }
  }

  /// Refuses more queries than tokens, and queries that would see forgotten tokens.
  func checkHeld(queries tokens: Int) throws(KVCacheError) {
    guard tokens <= count else {
      throw KVCacheError(
        .tooManyTokens(asked: tokens, held: count),
        "\(tokens) queries for \(count) tokens held; append the queries' own tokens first")
    }
    if tokens > 0 { try checkHeld(count - tokens + 1, "\(tokens) queries") }
  }

  /// Refuses queries that would see forgotten tokens; the first of them sees `visible` tokens.
  func checkHeld(_ visible: Int, _ action: String) throws(KVCacheError) {
    let keys = heads[0].keys
    let first = positions.firstSeen(visible, codec.configuration.slidingWindow)
    guard keys.forgotten > 0, visible > keys.sinkCount, first < firstHeld else { return }
    throw KVCacheError(
      .forgotten(before: firstHeld),
      "\(action): its query sees tokens from \(max(0, first)) on, but the sliding window has "
        + "forgotten those before \(firstHeld)")
  }
}

extension Positions {
  /// The first token, sinks aside, that a query sees whose own is the last of `visible` tokens; all if `reach` is nil.
  func firstSeen(_ visible: Int, _ reach: Int?) -> Int {
    guard let reach else { return 0 }
    return token(from: position(of: visible - 1) + 1 - reach)
  }
}

extension HeadVectors {
  fileprivate mutating func forget(pages: Int) {
    stored.forget(pages: pages)
    forgotten += pages * Page.rowCount
  }
}
