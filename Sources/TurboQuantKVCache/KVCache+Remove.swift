// Removing: tokens from the front or the middle go, the others stay what and where they are.

extension KVCache {
  /// The position of the next token: how many tokens were appended before it, removed ones included.
  public var nextPosition: Int { positions.position(of: count) }

  /// Removes some of the tokens held, for example the oldest after the sinks when a context is full.
  ///
  /// The others stay what they are: codes are not made anew, exact tokens stay exact, and tokens that were no sinks
  /// do not become sinks. They also stay at their positions. Keys were appended after the rotary embedding, so
  /// later keys and queries must be embedded as if nothing had been removed, at ``nextPosition`` and so on; a
  /// rotary mean and a sliding window count positions in the same way. Whether a model bears the gap is for the
  /// caller to know. To take the latest tokens back, with their positions, use ``truncate(to:)``. Removing all
  /// tokens is truncating to zero.
  ///
  /// - Parameter tokens: Which of the ``count`` tokens held, counted from the oldest.
  /// - Throws: ``KVCacheError`` when not all of them are held.
  /// - Complexity: O(d) for each code after the first removed one; O(pages) if whole pages are removed, for example a
  ///   multiple of 256 tokens after the sinks.
  public mutating func remove(_ tokens: Range<Int>) throws(KVCacheError) {
    guard tokens.lowerBound >= 0, tokens.upperBound <= count else {
      throw KVCacheError(
        .tooManyTokens(asked: tokens.upperBound, held: count),
        "cannot remove tokens \(tokens.lowerBound) to \(tokens.upperBound), \(count) are held")
    }
    guard tokens.count < count else { return try truncate(to: 0) }
    for h in heads.indices {
      heads[h].keys.remove(tokens)
      heads[h].values.remove(tokens)
    }
    positions.remove(tokens)
    count -= tokens.count
  }
}

extension HeadVectors {
  /// Removes tokens wherever they are.
  fileprivate mutating func remove(_ tokens: Range<Int>) {
    let (sinkCount, storedStart) = (sinkCount, storedStart)
    let windowStart = storedStart + stored.count
    /// Those of `tokens` that are in a part of the tokens, counted from its first.
    func part(_ start: Int, _ end: Int) -> Range<Int> {
      let range = tokens.clamped(to: start..<end)
      return range.lowerBound - start..<range.upperBound - start
    }
    let (fromSinks, fromWindow) = (
      part(0, sinkCount), part(windowStart, windowStart + windowCount)
    )
    let fromStored = part(storedStart, windowStart)
    window.remove(fromWindow.lowerBound * dimension..<fromWindow.upperBound * dimension)
    if !fromStored.isEmpty { stored.remove(fromStored) }
    forgotten -= part(sinkCount, storedStart).count
    sinks.remove(fromSinks.lowerBound * dimension..<fromSinks.upperBound * dimension)
  }
}
