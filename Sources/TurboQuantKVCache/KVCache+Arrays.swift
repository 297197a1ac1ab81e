// Appending and attending with arrays.

extension KVCache {
  /// Appends tokens after the last one held.
  ///
  /// - Parameters:
  ///   - keys: [key/value heads, tokens, key dimension], after any rotary embedding.
  ///   - values: [key/value heads, tokens, value dimension].
  ///   - position: The position that the caller expects for the first of them; checked if not nil.
  ///   - threads: How many threads to use, each for one head at a time.
  /// - Throws: ``KVCacheError`` as ``append(keys:values:at:threads:)-(Span<Float>,_,_,_)``; the cache is
  ///   unchanged then.
  /// - Complexity: O(d log d) per vector with the Hadamard rotation, O(d²) with the Haar rotation.
  public mutating func append(
    keys: [Float], values: [Float], at position: Int? = nil, threads: Int = 1
  ) throws(KVCacheError) {
    try append(keys: keys.span, values: values.span, at: position, threads: threads)
  }

  /// Attention of queries over the tokens held: softmax(scale · q Kᵀ) V.
  ///
  /// The last query belongs to the last token held and sees all tokens; each query before it sees one
  /// token less.
  ///
  /// - Parameters:
  ///   - queries: [query heads, tokens, key dimension], after any rotary embedding.
  ///   - scale: The factor of scores, 1/√(key dimension) if nil.
  ///   - threads: How many threads to use, each for one key/value head at a time.
  /// - Returns: [query heads, tokens, value dimension].
  /// - Throws: ``KVCacheError`` as ``attend(_:into:scale:threads:)-(Span<Float>,_,_,_)``.
  /// - Complexity: O(tokens held · d) per query, and two rotations.
  public func attend(
    _ queries: [Float], scale: Float? = nil, threads: Int = 1
  ) throws(KVCacheError) -> [Float] {
    try attend(queries.span, scale: scale, threads: threads)
  }

  /// Attention of queries over the tokens held, into an array that is used again from step to step.
  ///
  /// - Parameters:
  ///   - queries: [query heads, tokens, key dimension], after any rotary embedding.
  ///   - output: [query heads, tokens, value dimension]; its length must be that.
  ///   - scale: The factor of scores, 1/√(key dimension) if nil.
  ///   - threads: How many threads to use, each for one key/value head at a time.
  /// - Throws: ``KVCacheError`` as ``attend(_:into:scale:threads:)-(Span<Float>,_,_,_)``; the output is
  ///   unchanged then.
  /// - Complexity: O(tokens held · d) per query, and two rotations.
  public func attend(
    _ queries: [Float], into output: inout [Float], scale: Float? = nil, threads: Int = 1
  ) throws(KVCacheError) {
    var target = output.mutableSpan
    try attend(queries.span, into: &target, scale: scale, threads: threads)
  }

  /// Attention of queries over the tokens held, as an array.
  ///
  /// - Parameters:
  ///   - queries: [query heads, tokens, key dimension], after any rotary embedding.
  ///   - scale: The factor of scores, 1/√(key dimension) if nil.
  ///   - threads: How many threads to use, each for one key/value head at a time.
  /// - Returns: [query heads, tokens, value dimension].
  /// - Throws: ``KVCacheError`` as ``attend(_:into:scale:threads:)-(Span<Float>,_,_,_)``.
  /// - Complexity: O(tokens held · d) per query, and two rotations.
  public func attend(
    _ queries: Span<Float>, scale: Float? = nil, threads: Int = 1
  ) throws(KVCacheError) -> [Float] {
    let shape = codec.configuration.shape
    let tokens = try tokenCount(queries.count, shape.queryHeads, shape.keyDimension, "queries")
    // Before there is room for the output of too many.
    try checkHeld(queries: tokens)
    var output = [Float](
      repeating: 0, count: shape.queryHeads * tokens * shape.valueDimension)
    var target = output.mutableSpan
    try attend(queries, into: &target, scale: scale, threads: threads)
    return output
  }
}
