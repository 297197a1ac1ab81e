// What keys and queries of a calibration text have in common.

internal import TurboQuant
internal import TurboQuantKernels

/// Moments of one attention layer's keys and queries, from which its equalization follows.
///
/// ```swift
/// var statistics = try KVStatistics(configuration)
/// for text in calibration { try statistics.add(keys: text.keys, queries: text.queries) }
/// configuration.equalization = try statistics.equalization(.diagonal)
/// ```
///
/// The text should be other than what the cache is judged on, and judged by what the model then says (its KL
/// divergence), not by the error of keys. A few thousand tokens are enough for a diagonal.
public struct KVStatistics: Sendable {
  /// The heads, the centring and the sinks of the cache to come.
  public let configuration: KVConfiguration
  /// How many tokens beyond the sinks were added.
  public private(set) var tokenCount = 0
  /// An empty cache, which knows what input is sound.
  private let cache: KVCache
  /// Sums of (k − c)(k − c)ᵀ of each head, c the mean of a sequence, and of q·qᵀ: the upper triangles of d × d.
  private var keys, queries: [[Double]]

  /// Statistics of no tokens.
  ///
  /// - Throws: ``KVCacheError`` as `KVCodec`'s initializer; an equalization that is there already plays no part.
  /// - Complexity: Memory of 16 · d² bytes per key/value head, d the key dimension.
  public init(_ configuration: KVConfiguration) throws(KVCacheError) {
    var plain = configuration
    plain.equalization = nil
    cache = KVCache(try KVCodec(plain))
    self.configuration = configuration
    let shape = configuration.shape
    keys = Array(
      repeating: [Double](repeating: 0, count: shape.keyDimension * shape.keyDimension),
      count: shape.keyValueHeads)
    queries = keys
  }

  /// Adds one sequence, from position 0 on.
  ///
  /// Sinks are left out, since they stay exact. The configuration's centring is taken off the keys: the mean of this
  /// sequence, as a cache would.
  ///
  /// - Parameters:
  ///   - keys: [key/value heads, tokens, key dimension], after any rotary embedding.
  ///   - queries: [query heads, tokens, key dimension], after any rotary embedding.
  /// - Throws: ``KVCacheError`` when lengths do not fit heads, dimension and each other, or a number is NaN, infinite
  ///   or too large for a cache; nothing is added then.
  /// - Complexity: O(d²) per key and per query.
  public mutating func add(keys: Span<Float>, queries: Span<Float>) throws(KVCacheError) {
    let shape = configuration.shape
    let tokens = try cache.tokenCount(keys.count, shape.keyValueHeads, shape.keyDimension, "keys")
    let others = try cache.tokenCount(
      queries.count, shape.queryHeads, shape.keyDimension, "queries")
    guard tokens == others else {
      throw KVCacheError(
        .lengthMismatch(
          found: queries.count, expected: tokens * shape.queryHeads * shape.keyDimension),
        "queries of \(others) tokens for keys of \(tokens)")
    }
    try cache.check(keys, dimension: shape.keyDimension, tokens, "key", configuration.keys)
    try cache.check(queries, dimension: shape.keyDimension, tokens, "query", nil)
    guard tokens > configuration.sinks else { return }
    let some = configuration.sinks..<tokens
    tokenCount += some.count
    addKeys(
      keys, CenterTokens(some, of: tokens, first: 0, Positions(), configuration.centering.rotary))
    for h in 0..<shape.queryHeads {
      for token in some {
        let start = (h * tokens + token) * shape.keyDimension
        Moments.add(
          queries.extracting(start..<start + shape.keyDimension),
          to: &self.queries[h / shape.groupSize])
      }
    }
  }

  /// Adds one sequence from arrays, as ``add(keys:queries:)`` does from spans.
  ///
  /// - Throws: ``KVCacheError`` as that.
  public mutating func add(keys: [Float], queries: [Float]) throws(KVCacheError) {
    try add(keys: keys.span, queries: queries.span)
  }

  private mutating func addKeys(_ floats: Span<Float>, _ tokens: CenterTokens) {
    let dimension = configuration.shape.keyDimension
    var centers = [[Float]](repeating: [], count: keys.count)
    if configuration.centering != .none {
      var sums = [[Double]](
        repeating: [Double](repeating: 0, count: dimension), count: keys.count)
      Center.addVectors(floats, tokens, &sums)
      centers = sums.map { $0.map { Float($0 / Double(tokens.range.count)) } }
    }
    Center.forEachDifference(floats, around: centers, dimension, tokens) { h, difference in
      Moments.add(difference.span, to: &keys[h])
    }
  }

  /// The metrics that make the noise of scores least.
  ///
  /// Of a diagonal, factor i is (E qᵢ² / E kᵢ²)^¼. Of a matrix, G = A⁻¹ # B, the geometric mean of the inverse
  /// covariance of keys and the second moment of queries; both are first shrunk towards their diagonals by d/(n + d),
  /// n the number of tokens, since n tokens tell d(d + 1)/2 numbers apart only roughly.
  ///
  /// - Throws: ``KVCacheError`` when no token was added, or keys or queries lie so close to a subspace that their matrix
  ///   is none that ``KVEqualization`` takes. A diagonal always is.
  /// - Complexity: O(d³) per head for matrices.
  public func equalization(_ kind: KVEqualization.Kind) throws(KVCacheError) -> KVEqualization {
    guard tokenCount > 0 else {
      throw KVCacheError(.notOffered, "statistics of no tokens beyond the sinks; add a sequence")
    }
    let dimension = configuration.shape.keyDimension
    let shrinkage = Double(dimension) / Double(tokenCount + dimension)
    let heads = zip(keys, queries).map { keys, queries in
      let pair = MomentPair(keys: keys, queries: queries, dimension)
      return kind == .diagonal ? pair.diagonal : pair.triangle(shrinkage: shrinkage)
    }
    return try KVEqualization(kind, heads: heads.map { KVEqualization.floats($0, kind, dimension) })
  }
}

extension KVEqualization {
  /// The numbers of T in units of its largest one, so that float32 holds them.
  fileprivate static func floats(_ head: [Double], _ kind: Kind, _ dimension: Int) -> [Float] {
    let largest = head.map(\.magnitude).max() ?? 1
    return head.map { Float($0 / largest) }
  }
}

/// Sums of products of coordinates.
private enum Moments {
  /// Adds x·xᵀ to an upper triangle that lies in a d × d square.
  static func add(_ x: Span<Float>, to sums: inout [Double]) {
    let d = x.count
    var target = sums.mutableSpan
    for i in 0..<d {
      let factor = Double(x[i])
      let others = x.extracting(i..<d)
      var row = target._mutatingExtracting(i * d + i..<(i + 1) * d)
      for j in others.indices { row[j] += factor * Double(others[j]) }
    }
  }
}
