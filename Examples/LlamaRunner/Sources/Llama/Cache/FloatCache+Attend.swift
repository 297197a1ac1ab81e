internal import CLlamaKernels

extension FloatCache {
  /// The number of queries whose weights are computed together.
  ///
  /// It is large enough to reuse the keys, and so small that little is computed above the diagonal.
  private static let block = 48

  /// Computes exact attention; each of the newest tokens sees itself and all tokens before it.
  ///
  /// Throws `CacheError.length` for queries of another shape, and `CacheError.queries` for more tokens
  /// than the cache holds.
  public func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    guard tokens > 0 && tokens <= count else {
      throw CacheError.queries(tokens: tokens, held: count)
    }
    try shape.check(queries: queries, tokens: tokens)
    return unsafe [Float](unsafeUninitializedCapacity: queries.count) { result, initialized in
      initialized = queries.count
      unsafe queries.withUnsafeBufferPointer { queries in
        guard let from = queries.baseAddress, let to = result.baseAddress else { return }
        unsafe attend(from, tokens: tokens, scale: scale, to)
      }
    }
  }

  private func attend(
    _ queries: UnsafePointer<Float>, tokens: Int, scale: Float,
    _ result: UnsafeMutablePointer<Float>
  ) {
    let blocks = Pieces(total: tokens, length: Self.block)
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe values.withUnsafeBufferPointer { values in
        guard let keys = keys.baseAddress, let values = values.baseAddress else { return }
        // The last blocks see the most tokens, so they start first.
        inParallel(blocks.count * shape.queryHeads) { task in
          let head = task % shape.queryHeads
          let rows = blocks[blocks.count - 1 - task / shape.queryHeads]
          let offset = (head * tokens + rows.lowerBound) * shape.headDimension
          let group = head / (shape.queryHeads / shape.keyValueHeads)
          unsafe attend(
            queries + offset, rows: rows.count, seenByFirst: count - tokens + rows.lowerBound + 1,
            keys + group * keyStride, values + group * valueStride, scale: scale, result + offset)
        }
      }
    }
  }

  /// Computes one block of one head's queries; each query sees one token more than the previous one.
  private func attend(
    _ queries: UnsafePointer<Float>, rows: Int, seenByFirst: Int, _ keys: UnsafePointer<Float>,
    _ values: UnsafePointer<Float>, scale: Float, _ result: UnsafeMutablePointer<Float>
  ) {
    let width = seenByFirst + rows - 1
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * width) { buffer in
      guard let weights = buffer.baseAddress else { return }
      unsafe lk_multiply(
        queries, shape.headDimension, rows, keys, shape.headDimension * Panel.width,
        shape.headDimension, weights, width, width)
      for row in 0..<rows {
        let seen = seenByFirst + row
        unsafe lk_softmax(weights + row * width, seen, scale)
        unsafe (weights + row * width + seen).update(repeating: 0, count: width - seen)
      }
      unsafe lk_multiply(
        weights, width, rows, values, capacity * Panel.width, width, result,
        shape.headDimension, shape.headDimension)
    }
  }
}
