internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

/// The keys and values of one attention layer for one sequence, most of them as codes.
///
/// ```swift
/// let shape = KVShape(queryHeads: 32, keyValueHeads: 8, keyDimension: 128)
/// let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(3)))
/// var cache = KVCache(codec)
/// try cache.append(keys: k.span, values: v.span)  // [heads, tokens, dimension]
/// try cache.attend(q.span, into: &room)
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
  public private(set) var count = 0
  var heads: [Head]

  /// One key/value head.
  struct Head: Sendable {
    var keys: HeadSide
    var values: HeadSide
  }

  /// Creates an empty cache.
  public init(_ codec: KVCodec) {
    self.codec = codec
    let configuration = codec.configuration
    let head = Head(
      keys: HeadSide(
        dimension: configuration.shape.keyDimension, precision: configuration.keys, codec.keyCodec),
      values: HeadSide(
        dimension: configuration.shape.valueDimension, precision: configuration.values,
        codec.valueCodec))
    heads = Array(repeating: head, count: configuration.shape.keyValueHeads)
  }

  /// Appends tokens after the last one held.
  ///
  /// - Parameters:
  ///   - keys: [key/value heads, tokens, key dimension], after any rotary embedding.
  ///   - values: [key/value heads, tokens, value dimension].
  ///   - position: Where the caller believes the first of them to be; checked if not nil.
  ///   - threads: How many heads to work on at once.
  /// - Throws: ``KVCacheError`` when lengths do not fit heads, dimensions and each other, the position
  ///   is not ``count``, or a number is NaN, infinite, or too large for float16 where tokens pass
  ///   through it; the cache is unchanged then.
  /// - Complexity: O(d log d) a vector with the Hadamard rotation, O(d²) with the Haar rotation.
  public mutating func append(
    keys: Span<Float>, values: Span<Float>, at position: Int? = nil, threads: Int = 1
  ) throws(KVCacheError) {
    if let position, position != count {
      throw KVCacheError(
        .outOfOrder(position: position, expected: count),
        "tokens for position \(position), but \(count) are held; append at \(count) or truncate")
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
    let additions = try additions(keys.copied(), values.copied(), tokens: tokens, threads: threads)
    for h in heads.indices {
      heads[h].keys.append(additions[h].keys)
      heads[h].values.append(additions[h].values)
    }
    count += tokens
  }

  private func additions(
    _ keys: [Float], _ values: [Float], tokens: Int, threads: Int
  ) throws(KVCacheError) -> [(keys: Additions, values: Additions)] {
    let shape = codec.configuration.shape
    let (keySize, valueSize) = (tokens * shape.keyDimension, tokens * shape.valueDimension)
    let (keyWriter, valueWriter) = (keyWriter, valueWriter)
    return try Parallel.map(shape.keyValueHeads, threads: threads) { h throws(KVCacheError) in
      do throws(CodecError) {
        return (
          keys: try heads[h].keys.additions(
            of: keys[h * keySize..<(h + 1) * keySize], after: count, keyWriter),
          values: try heads[h].values.additions(
            of: values[h * valueSize..<(h + 1) * valueSize], after: count, valueWriter)
        )
      } catch {
        throw KVCacheError(error, "head \(h)")
      }
    }
  }

  private var keyWriter: SideWriter {
    writer(codec.configuration.keys, codec.keyCodec, codec.configuration.centring.rotary)
  }

  private var valueWriter: SideWriter {
    writer(codec.configuration.values, codec.valueCodec, nil)
  }

  private func writer(
    _ precision: KVPrecision, _ rowCodec: RowCodec?, _ rotary: RotaryEmbedding?
  ) -> SideWriter {
    let configuration = codec.configuration
    return SideWriter(
      codec: rowCodec, precision: precision, sinks: configuration.sinks,
      window: configuration.window, rounds: codec.hasHalves,
      centres: rowCodec != nil && configuration.centring != .none, rotary: rotary,
      kernels: codec.kernels)
  }

  /// Forgets all tokens from `newCount` on, as when a speculated continuation is refused.
  ///
  /// Codes stay codes: the window refills with new tokens only. Truncating to nothing also forgets what
  /// centring subtracts.
  ///
  /// - Throws: ``KVCacheError`` when `newCount` is negative or more than ``count``.
  /// - Complexity: O(tokens dropped), and a copy of the last page where it is shared.
  public mutating func truncate(to newCount: Int) throws(KVCacheError) {
    guard (0...count).contains(newCount) else {
      throw KVCacheError(
        .tooManyTokens(asked: newCount, held: count),
        "cannot truncate to \(newCount) tokens, \(count) are held")
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

  /// Refuses what is not a number, or beyond what its place can hold.
  func check(
    _ floats: Span<Float>, dimension: Int, _ tokens: Int, _ name: String, _ precision: KVPrecision?
  ) throws(KVCacheError) {
    let isHalf = precision.map { codec.hasHalves || $0 == .float16 } ?? false
    // 65,520 and more round beyond the largest float16; a vector of as many as 2¹⁶ coordinates below
    // 2¹¹⁸ has a length that float32 holds.
    let limit: Float = isHalf ? 65_520 : 0x1p118
    guard !(codec.kernels.largestMagnitude(floats) < limit) else { return }
    for i in floats.indices where !(abs(floats[i]) < limit) {
      let (head, token, coordinate) = (
        i / (tokens * dimension), i / dimension % tokens, i % dimension
      )
      throw KVCacheError(
        .notFinite(head: head, token: token, coordinate: coordinate),
        "\(name) of head \(head), token \(token), coordinate \(coordinate) is \(floats[i]); expected a "
          + "number below \(isHalf ? "65520, the largest float16" : "2^118") in magnitude")
    }
  }
}
