internal import TurboQuantKVCache

/// A cache of another project whose keys are kept in a metric, as this package's caches keep theirs: T·k,
/// read with T⁻ᵀ·q.
struct EqualizedKeys: LayerCache {
  private var inner: any LayerCache
  private let shape: CacheShape
  private let equalization: KVEqualization

  /// Creates a cache; the equalization must be one of the shape's heads.
  init(_ inner: any LayerCache, shape: CacheShape, _ equalization: KVEqualization) {
    precondition(equalization.heads.count == shape.keyValueHeads)
    precondition(equalization.dimension == shape.headDimension)
    (self.inner, self.shape, self.equalization) = (inner, shape, equalization)
  }

  var count: Int { inner.count }
  var byteCount: Int { inner.byteCount }

  mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    try shape.check(keys: keys, values: values, tokens: tokens)
    let equalized = rows(keys).flatMap { row in
      transformed(keys[row], head: row.lowerBound / (tokens * shape.headDimension))
    }
    try inner.append(keys: equalized, values: values, tokens: tokens)
  }

  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    try shape.check(queries: queries, tokens: tokens)
    let group = shape.queryHeads / shape.keyValueHeads
    let equalized = rows(queries).flatMap { row in
      inverted(queries[row], head: row.lowerBound / (tokens * shape.headDimension) / group)
    }
    return try inner.attend(queries: equalized, tokens: tokens, scale: scale)
  }

  mutating func truncate(to count: Int) throws { try inner.truncate(to: count) }

  private func rows(_ floats: [Float]) -> some Sequence<Range<Int>> {
    stride(from: 0, to: floats.count, by: shape.headDimension).lazy.map {
      $0..<$0 + shape.headDimension
    }
  }

  /// T·k, in double precision.
  private func transformed(_ key: ArraySlice<Float>, head: Int) -> [Float] {
    let (t, k) = (equalization.heads[head], key.map { Double($0) })
    guard equalization.kind == .matrix else { return zip(t, k).map { Float(Double($0) * $1) } }
    var next = t.startIndex
    return k.indices.map { i in
      defer { next += k.count - i }
      return Float(zip(t[next...], k[i...]).reduce(0.0) { $0 + Double($1.0) * $1.1 })
    }
  }

  /// T⁻ᵀ·q: the z with Tᵀ·z = q, number by number.
  private func inverted(_ query: ArraySlice<Float>, head: Int) -> [Float] {
    let t = equalization.heads[head]
    var z = query.map { Double($0) }
    guard equalization.kind == .matrix else { return zip(t, z).map { Float($1 / Double($0)) } }
    var next = t.startIndex
    for i in z.indices {
      z[i] /= Double(t[next])
      for j in z.indices.dropFirst(i + 1) { z[j] -= Double(t[next + j - i]) * z[i] }
      next += z.count - i
    }
    return z.map { Float($0) }
  }
}
