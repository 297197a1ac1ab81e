// Appending and attending with half-precision floats, where the platform has them.

internal import TurboQuantKernels

#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
  extension KVCache {
    /// Appends tokens of half-precision floats, which are stored as their float32 values would be.
    ///
    /// - Parameters:
    ///   - keys: [key/value heads, tokens, key dimension], after any rotary embedding.
    ///   - values: [key/value heads, tokens, value dimension].
    ///   - position: The position that the caller expects for the first of them; checked if not nil.
    ///   - threads: How many threads to use, each for one head at a time.
    /// - Throws: ``KVCacheError`` as ``append(keys:values:at:threads:)-(Span<Float>,_,_,_)``; the cache is
    ///   unchanged then.
    /// - Complexity: As for float32, and a float32 copy of keys and values.
    @_disfavoredOverload
    public mutating func append(
      keys: Span<Float16>, values: Span<Float16>, at position: Int? = nil, threads: Int = 1
    ) throws(KVCacheError) {
      try append(
        keys: codec.kernels.widened(keys), values: codec.kernels.widened(values), at: position,
        threads: threads)
    }

    /// Appends tokens of half-precision floats, which are stored as their float32 values would be.
    ///
    /// - Parameters:
    ///   - keys: [key/value heads, tokens, key dimension], after any rotary embedding.
    ///   - values: [key/value heads, tokens, value dimension].
    ///   - position: The position that the caller expects for the first of them; checked if not nil.
    ///   - threads: How many threads to use, each for one head at a time.
    /// - Throws: ``KVCacheError`` as ``append(keys:values:at:threads:)-(Span<Float>,_,_,_)``; the cache is
    ///   unchanged then.
    /// - Complexity: As for float32, and a float32 copy of keys and values.
    @_disfavoredOverload
    public mutating func append(
      keys: [Float16], values: [Float16], at position: Int? = nil, threads: Int = 1
    ) throws(KVCacheError) {
      try append(keys: keys.span, values: values.span, at: position, threads: threads)
    }

    /// Attention of half-precision queries over the tokens held, as of their float32 values.
    ///
    /// - Parameters:
    ///   - queries: [query heads, tokens, key dimension], after any rotary embedding.
    ///   - output: [query heads, tokens, value dimension], in float32.
    ///   - scale: The factor of scores, 1/√(key dimension) if nil.
    ///   - threads: How many threads to use, each for one key/value head at a time.
    /// - Throws: ``KVCacheError`` as ``attend(_:into:scale:threads:)-(Span<Float>,_,_,_)``; the output is
    ///   unchanged then.
    /// - Complexity: O(tokens held · d) per query, and two rotations.
    @_disfavoredOverload
    public func attend(
      _ queries: Span<Float16>, into output: inout MutableSpan<Float>, scale: Float? = nil,
      threads: Int = 1
    ) throws(KVCacheError) {
      let floats = codec.kernels.widened(queries)
      try attend(floats.span, into: &output, scale: scale, threads: threads)
    }

    /// Attention of half-precision queries over the tokens held, as of their float32 values.
    ///
    /// - Parameters:
    ///   - queries: [query heads, tokens, key dimension], after any rotary embedding.
    ///   - scale: The factor of scores, 1/√(key dimension) if nil.
    ///   - threads: How many threads to use, each for one key/value head at a time.
    /// - Returns: [query heads, tokens, value dimension], in float32.
    /// - Throws: ``KVCacheError`` as ``attend(_:into:scale:threads:)-(Span<Float>,_,_,_)``.
    /// - Complexity: O(tokens held · d) per query, and two rotations.
    @_disfavoredOverload
    public func attend(
      _ queries: [Float16], scale: Float? = nil, threads: Int = 1
    ) throws(KVCacheError) -> [Float] {
      try attend(codec.kernels.widened(queries.span).span, scale: scale, threads: threads)
    }
  }

  extension Kernels {
    /// The float32 values of half-precision floats.
    fileprivate func widened(_ float16s: Span<Float16>) -> [Float] {
      var floats = [Float](repeating: 0, count: float16s.count)
      var target = floats.mutableSpan
      widen(float16s, into: &target)
      return floats
    }
  }
#endif
