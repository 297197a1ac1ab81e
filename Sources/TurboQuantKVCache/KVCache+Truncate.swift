// Truncating: takes the latest tokens back.

extension KVCache {
  /// Forgets all tokens from `newCount` on, for example after speculative decoding.
  ///
  /// Codes stay codes: only new tokens refill the window. The next token stands where the first of those forgotten
  /// stood. Truncating to zero tokens leaves the cache as it was created.
  ///
  /// - Throws: ``KVCacheError`` when `newCount` is negative or more than ``count``, or the next token would
  ///   see tokens that a sliding window has forgotten.
  /// - Complexity: O(tokens dropped), and a copy of the last page if it is shared.
  public mutating func truncate(to newCount: Int) throws(KVCacheError) {
    guard (0...count).contains(newCount) else {
      throw KVCacheError(
        .tooManyTokens(asked: newCount, held: count),
        "cannot truncate to \(newCount) tokens, \(count) are held")
    }
    if newCount < count, newCount > heads[0].keys.sinkCount {
      try checkHeld(newCount + 1, "cannot truncate to \(newCount) tokens")
    }
    guard newCount > 0 else {
      let unknownSections = unknownSections
      self = KVCache(codec)
      self.unknownSections = unknownSections
      return
    }
    for h in heads.indices {
      heads[h].keys.truncate(to: newCount)
      heads[h].values.truncate(to: newCount)
    }
    positions.truncate(to: newCount)
    count = newCount
  }
}
