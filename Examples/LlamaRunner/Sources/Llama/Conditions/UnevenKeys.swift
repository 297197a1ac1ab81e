/// A cache whose keys have some channels larger than others: each is multiplied by a factor, and the
/// queries' channel divided by it.
///
/// Where the factors are powers of two, inner products stay the same to the bit, so only what a cache makes
/// of uneven channels can differ.
struct UnevenKeys: LayerCache {
  private var inner: any LayerCache
  private let shape: CacheShape
  /// `[keyValueHeads][headDimension]`.
  private let factors: [Float]

  init(_ inner: any LayerCache, shape: CacheShape, factors: [Float]) {
    precondition(factors.count == shape.keyValueHeads * shape.headDimension)
    (self.inner, self.shape, self.factors) = (inner, shape, factors)
  }

  var count: Int { inner.count }
  var byteCount: Int { inner.byteCount }

  mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    try shape.check(keys: keys, values: values, tokens: tokens)
    let larger = keys.indices.map { keys[$0] * factors[place($0, tokens: tokens, group: 1)] }
    try inner.append(keys: larger, values: values, tokens: tokens)
  }

  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    try shape.check(queries: queries, tokens: tokens)
    let group = shape.queryHeads / shape.keyValueHeads
    let smaller = queries.indices.map {
      queries[$0] / factors[place($0, tokens: tokens, group: group)]
    }
    return try inner.attend(queries: smaller, tokens: tokens, scale: scale)
  }

  mutating func truncate(to count: Int) throws { try inner.truncate(to: count) }

  /// The factor's place for a coordinate of `[heads, tokens, headDimension]`, `group` heads to a key's.
  private func place(_ index: Int, tokens: Int, group: Int) -> Int {
    let head = index / (tokens * shape.headDimension) / group
    return head * shape.headDimension + index % shape.headDimension
  }
}
