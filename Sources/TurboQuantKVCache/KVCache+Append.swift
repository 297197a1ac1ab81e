// Appending: validates the input, then appends to every head, a batch of tokens at a time.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

extension KVCache {
  /// Appends tokens after the last one held.
  ///
  /// - Parameters:
  ///   - keys: [key/value heads, tokens, key dimension], after any rotary embedding.
  ///   - values: [key/value heads, tokens, value dimension].
  ///   - position: The position that the caller expects for the first of them; checked if not nil.
  ///   - threads: How many threads to use, each for one head at a time.
  /// - Throws: ``KVCacheError`` when lengths do not fit heads, dimensions and each other, the position
  ///   is not ``nextPosition``, or a number is NaN, infinite, 2⁹⁶ or more, or 65,520 or more where the
  ///   configuration asks for float16; the cache is unchanged then.
  /// - Complexity: O(d log d) per vector with the Hadamard rotation, O(d²) with the Haar rotation.
  public mutating func append(
    keys: Span<Float>, values: Span<Float>, at position: Int? = nil, threads: Int = 1
  ) throws(KVCacheError) {
    if let position, position != nextPosition {
      throw KVCacheError(
        .outOfOrder(position: position, expected: nextPosition),
        "tokens for position \(position), but \(count) are held"
          + (nextPosition == count ? "" : " and \(nextPosition - count) were removed")
          + "; append at \(nextPosition) or truncate")
    }
    let shape = codec.configuration.shape
    let tokens = try tokenCount(keys.count, shape.keyValueHeads, shape.keyDimension, "keys")
    let valueTokens = try tokenCount(
      values.count, shape.keyValueHeads, shape.valueDimension, "values")
    guard tokens == valueTokens else {
      throw KVCacheError(
        .lengthMismatch(
          found: values.count, expected: tokens * shape.keyValueHeads * shape.valueDimension),
        "values of \(valueTokens) tokens for keys of \(tokens)")
    }
    try check(keys, dimension: shape.keyDimension, tokens, "key", codec.configuration.keys)
    try check(values, dimension: shape.valueDimension, tokens, "value", codec.configuration.values)
    guard tokens > 0 else { return }
    let widening = firstBeyondFloat16(keys, values, tokens: tokens)
    // Inputs were validated above. Should a step still fail, a prompt is taken back; for a few tokens a copy of the
    // cache would cost too much.
    let isPrompt = tokens > 8 || widening < tokens
    let before = isPrompt ? self : nil
    forgetPages()
    fixCenters(keys, values, tokens: tokens)
    do throws(KVCacheError) {
      var first = 0
      while first < tokens {
        if first == widening { widenExactTokens() }
        let end = min(first < widening ? widening : tokens, first + KVCache.tokensPerBatch)
        let batch = first..<end
        first = end
        guard !isPrompt || threads > 1 else {
          try appendHeadByHead(keys, values, batch, of: tokens)
          continue
        }
        try append(
          KVCache.vectorsPerHead(keys, batch, of: tokens, shape.keyValueHeads, shape.keyDimension),
          KVCache.vectorsPerHead(
            values, batch, of: tokens, shape.keyValueHeads, shape.valueDimension),
          tokens: batch.count, threads: threads)
      }
    } catch {
      if let before { self = before }
      throw error
    }
  }

  /// A long prompt is appended in batches, which keeps temporary memory small.
  private static let tokensPerBatch = Page.rowCount

  /// Appends a batch head by head, without copies; the caller restores the cache if that fails.
  private mutating func appendHeadByHead(
    _ keys: Span<Float>, _ values: Span<Float>, _ batch: Range<Int>, of tokens: Int
  ) throws(KVCacheError) {
    let writers = (keys: keyWriter(adding: batch.count), values: valueWriter)
    let shape = codec.configuration.shape
    for h in heads.indices {
      let range = h * tokens + batch.lowerBound..<h * tokens + batch.upperBound
      func part(_ width: Int) -> Range<Int> { range.lowerBound * width..<range.upperBound * width }
      do throws(CodecError) {
        heads[h].keys.append(
          try heads[h].keys.additions(
            of: keys.extracting(part(shape.keyDimension)), writers.keys))
        heads[h].values.append(
          try heads[h].values.additions(
            of: values.extracting(part(shape.valueDimension)), writers.values))
      } catch {
        throw KVCacheError(error, "head \(h)")
      }
    }
    count += batch.count
  }

  /// The vectors of a batch of tokens, head by head.
  private static func vectorsPerHead(
    _ floats: Span<Float>, _ batch: Range<Int>, of tokens: Int, _ heads: Int, _ dimension: Int
  ) -> [[Float]] {
    (0..<heads).map { h in
      let first = (h * tokens + batch.lowerBound) * dimension
      return floats.extracting(first..<first + batch.count * dimension).copied()
    }
  }

  /// Appends a batch, on several threads.
  private mutating func append(
    _ keys: [[Float]], _ values: [[Float]], tokens: Int, threads: Int
  ) throws(KVCacheError) {
    let additions = try additions(keys, values, tokens: tokens, threads: threads)
    for h in heads.indices {
      heads[h].keys.append(additions[h].keys)
      heads[h].values.append(additions[h].values)
    }
    count += tokens
  }

  private func additions(
    _ keys: [[Float]], _ values: [[Float]], tokens: Int, threads: Int
  ) throws(KVCacheError) -> [(keys: Additions, values: Additions)] {
    let writers = (keys: keyWriter(adding: tokens), values: valueWriter)
    return try Parallel.map(heads.count, threads: threads) { h throws(KVCacheError) in
      let (headKeys, headValues) = (keys[h], values[h])
      do throws(CodecError) {
        return (
          keys: try heads[h].keys.additions(of: headKeys.span, writers.keys),
          values: try heads[h].values.additions(of: headValues.span, writers.values)
        )
      } catch {
        throw KVCacheError(error, "head \(h)")
      }
    }
  }
}

// MARK: Writers

extension KVCache {
  private func keyWriter(adding tokens: Int) -> RowWriter {
    let configuration = codec.configuration
    var table: RotaryTable?
    if let rotary = configuration.centering.rotary, codec.keyCodec != nil, !awaitsTokens {
      let keys = heads[0].keys
      // The next rows to become codes follow those that are codes already.
      let first =
        keys.storedStart + keys.sinksToCome(configuration.sinks) + keys.stored.count
      let leaving = max(0, keys.windowCount + tokens - configuration.window)
      table = RotaryTable(rotary, positions: positions.all(first..<first + leaving))
    }
    return writer(configuration.keys, codec.keyCodec, table)
  }

  private var valueWriter: RowWriter {
    writer(codec.configuration.values, codec.valueCodec, nil)
  }

  private func writer(
    _ precision: KVPrecision, _ codec: KeyOrValueCodec?, _ table: RotaryTable?
  ) -> RowWriter {
    let configuration = self.codec.configuration
    return RowWriter(
      codec: codec, precision: precision, sinks: configuration.sinks,
      window: awaitsTokens ? nil : configuration.window, rotaryTable: table,
      kernels: self.codec.kernels)
  }
}
