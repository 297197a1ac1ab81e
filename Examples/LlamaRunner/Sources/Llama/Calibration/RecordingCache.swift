/// An exact cache that hands on the keys and queries of one pass from the first token.
struct RecordingCache: LayerCache {
  private var exact: FloatCache
  private var keys: [Float] = []
  private let record: (_ keys: [Float], _ queries: [Float]) throws -> Void

  init(shape: CacheShape, record: @escaping ([Float], [Float]) throws -> Void) {
    exact = FloatCache(shape: shape)
    self.record = record
  }

  var count: Int { exact.count }
  var byteCount: Int { exact.byteCount }

  mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    self.keys = keys
    try exact.append(keys: keys, values: values, tokens: tokens)
  }

  /// Throws `CacheError.queries` unless all tokens came with the last append.
  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    guard tokens == count,
      keys.count == tokens * exact.shape.keyValueHeads * exact.shape.headDimension
    else {
      throw CacheError.queries(tokens: tokens, held: count)
    }
    let result = try exact.attend(queries: queries, tokens: tokens, scale: scale)
    try record(keys, queries)
    return result
  }

  mutating func truncate(to count: Int) throws { try exact.truncate(to: count) }
}
