// Attention: validates the queries, then attends head by head.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

extension KVCache {
  /// Attention of queries over the tokens held: softmax(scale · q Kᵀ) V.
  ///
  /// The last query belongs to the last token held and sees all tokens; each query before it sees one
  /// token less. A decoding step has one query; a prompt with causal mask has one per token appended.
  ///
  /// - Parameters:
  ///   - queries: [query heads, tokens, key dimension], after any rotary embedding.
  ///   - output: [query heads, tokens, value dimension].
  ///   - scale: The factor of scores, 1/√(key dimension) if nil.
  ///   - threads: How many threads to use, each for one key/value head at a time.
  /// - Throws: ``KVCacheError`` when lengths do not fit heads and dimensions, there are more queries
  ///   than tokens held, one of them sees what a sliding window has forgotten, a query holds a NaN, an
  ///   infinity or a number of 2¹¹⁸ or more, or scores or sums of values leave float32. The output is unchanged then.
  /// - Complexity: O(tokens held · d) per query, and two rotations.
  public func attend(
    _ queries: Span<Float>, into output: inout MutableSpan<Float>, scale: Float? = nil,
    threads: Int = 1
  ) throws(KVCacheError) {
    let shape = codec.configuration.shape
    let tokens = try tokenCount(queries.count, shape.queryHeads, shape.keyDimension, "queries")
    guard output.count == shape.queryHeads * tokens * shape.valueDimension else {
      throw KVCacheError(
        .lengthMismatch(
          found: output.count, expected: shape.queryHeads * tokens * shape.valueDimension),
        "an output of \(output.count) floats, expected \(shape.queryHeads) heads × \(tokens) "
          + "tokens × \(shape.valueDimension) coordinates")
    }
    try checkHeld(queries: tokens)
    try check(queries, dimension: shape.keyDimension, tokens, "query", nil)
    let scale = scale ?? Float(1 / squareRoot(Double(shape.keyDimension)))
    guard scale.isFinite else {
      throw KVCacheError(.notOffered, "a scale of \(scale), expected a finite number")
    }
    let floats = queries.copied()
    let size = shape.groupSize * tokens
    let parts = try Parallel.map(shape.keyValueHeads, threads: threads) {
      h throws(KVCacheError) in
      var attention = HeadAttention(
        self, head: h, scale: scale, queries: min(size, HeadAttention.queriesPerPass))
      var part: [Float] = []
      part.reserveCapacity(size * shape.valueDimension)
      for start in stride(from: 0, to: size, by: HeadAttention.queriesPerPass) {
        let pass = start..<min(size, start + HeadAttention.queriesPerPass)
        let first = h * size + start
        try attention.attend(
          floats.span.extracting(
            first * shape.keyDimension..<(first + pass.count) * shape.keyDimension),
          queryHeads: pass.map { h * shape.groupSize + $0 / tokens },
          visible: pass.map { count - tokens + 1 + $0 % tokens }, appendingTo: &part)
      }
      return part
    }
    for (h, part) in parts.enumerated() {
      for i in part.indices { output[h * part.count + i] = part[i] }
    }
  }
}
