public import TurboQuantKVCache

/// A cache of encoded keys and values; attention reads the codes.
public struct CompressedCache: LayerCache {
  private var cache: KVCache

  /// Creates an empty cache; the caches of all layers and texts share one codec.
  public init(_ codec: KVCodec) { cache = KVCache(codec) }

  public var count: Int { cache.count }

  /// The memory of codes, scales, exact tokens and centres.
  public var byteCount: Int { cache.memory.total }

  public mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    let shape = cache.codec.configuration.shape
    let expected = shape.keyValueHeads * tokens * shape.keyDimension
    guard keys.count == expected else {
      throw CacheError.length(what: "keys", expected: expected, found: keys.count)
    }
    try cache.append(keys: keys, values: values)
  }

  public mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    let shape = cache.codec.configuration.shape
    guard tokens > 0 && tokens <= count else {
      throw CacheError.queries(tokens: tokens, held: count)
    }
    let expected = shape.queryHeads * tokens * shape.keyDimension
    guard queries.count == expected else {
      throw CacheError.length(what: "queries", expected: expected, found: queries.count)
    }
    return try cache.attend(queries, scale: scale)
  }

  public mutating func truncate(to count: Int) throws { try cache.truncate(to: count) }
}
