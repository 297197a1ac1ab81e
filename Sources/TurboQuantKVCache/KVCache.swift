internal import TurboQuant
internal import TurboQuantKernels

/// The keys and values of one attention layer for one sequence, most of them as codes.
///
/// ```swift
/// let shape = KVShape(queryHeads: 32, keyValueHeads: 8, keyDimension: 128)
/// let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(3)))
/// var cache = KVCache(codec)
/// try cache.append(keys: k.span, values: v.span)  // [heads, tokens, dimension]
/// try cache.attend(q.span, into: &output)
/// ```
///
/// A value: a copy is a fork, which shares all pages of 256 tokens until one of the copies changes its
/// last. Tokens are positions 0, 1, 2 …; the first ``KVConfiguration/sinks`` and the latest
/// ``KVConfiguration/window`` are float16, those between are kept as the configuration says. A token
/// that once became a code stays that code.
public struct KVCache: Sendable {
  /// What all caches of the configuration share.
  public let codec: KVCodec
  /// The number of tokens held.
  public internal(set) var count = 0
  var heads: [Head]

  /// One key/value head.
  struct Head: Sendable {
    var keys: HeadVectors
    var values: HeadVectors
  }

  /// Creates an empty cache.
  public init(_ codec: KVCodec) {
    self.codec = codec
    let configuration = codec.configuration
    let head = Head(
      keys: HeadVectors(
        dimension: configuration.shape.keyDimension, precision: configuration.keys, codec.keyCodec),
      values: HeadVectors(
        dimension: configuration.shape.valueDimension, precision: configuration.values,
        codec.valueCodec))
    heads = Array(repeating: head, count: configuration.shape.keyValueHeads)
  }

  /// Forgets all tokens from `newCount` on, as when a speculated continuation is refused.
  ///
  /// Codes stay codes: the window refills with new tokens only. Truncating to nothing also forgets what
  /// centring subtracts.
  ///
  /// - Throws: ``KVCacheError`` when `newCount` is negative or more than ``count``, or the next token would
  ///   see tokens that a sliding window has forgotten.
  /// - Complexity: O(tokens dropped), and a copy of the last page where it is shared.
  public mutating func truncate(to newCount: Int) throws(KVCacheError) {
    guard (0...count).contains(newCount) else {
      throw KVCacheError(
        .tooManyTokens(asked: newCount, held: count),
        "cannot truncate to \(newCount) tokens, \(count) are held")
    }
    if newCount < count, newCount > heads[0].keys.sinkCount {
      try checkHeld(newCount + 1, "cannot truncate to \(newCount) tokens")
    }
    for h in heads.indices {
      heads[h].keys.truncate(to: newCount)
      heads[h].values.truncate(to: newCount)
    }
    count = newCount
  }
}

extension KVCache {
  /// The tokens that `floatCount` floats of `heads` heads are.
  func tokenCount(
    _ floatCount: Int, _ heads: Int, _ dimension: Int, _ name: String
  ) throws(KVCacheError) -> Int {
    guard floatCount % (heads * dimension) == 0 else {
      let below = floatCount / (heads * dimension)
      throw KVCacheError(
        .lengthMismatch(found: floatCount, expected: below * heads * dimension),
        "\(floatCount) floats of \(name) are not \(heads) heads × tokens × \(dimension) coordinates"
      )
    }
    return floatCount / (heads * dimension)
  }

  /// Keys and values are smaller than this.
  ///
  /// With as many as 2¹⁶ coordinates, less a turned mean, a vector is shorter than 2¹⁰⁶, and 2²⁰ of them add up
  /// to what float32 holds.
  static let limit: Float = 0x1p96
  /// Queries are smaller than this, so that float32 holds the length of one of 2¹⁶ coordinates.
  static let queryLimit: Float = 0x1p118
  /// No scale of a code is larger: a length below 2¹⁰⁶ over the alignment, which is no less than the smallest
  /// centroid, that of 8 bits and 2¹⁶ coordinates 2⁻¹⁵.
  static let scaleLimit: Float = 0x1p122

  /// Refuses what is not a number, or beyond what its place can hold.
  func check(
    _ floats: Span<Float>, dimension: Int, _ tokens: Int, _ name: String, _ precision: KVPrecision?
  ) throws(KVCacheError) {
    let isHalf = precision.map { codec.hasHalves || $0 == .float16 } ?? false
    // What rounds beyond the largest float16, 65,504.
    let limit = isHalf ? 65_520 : precision == nil ? KVCache.queryLimit : KVCache.limit
    guard !(codec.kernels.largestMagnitude(floats) < limit) else { return }
    for i in floats.indices where !(abs(floats[i]) < limit) {
      let (head, token, coordinate) = (
        i / (tokens * dimension), i / dimension % tokens, i % dimension
      )
      throw KVCacheError(
        .notFinite(head: head, token: token, coordinate: coordinate),
        "\(name) of head \(head), token \(token), coordinate \(coordinate) is \(floats[i]); expected "
          + (isHalf
            ? "less than 65520 in magnitude, where float16 ends; scale it down, or keep float32 or codes "
              + "without sinks and window"
            : "a number below \(limit) in magnitude; scale it down"))
    }
  }
}
