internal import TurboQuant
internal import TurboQuantKernels

/// The keys and values of one attention layer for one sequence, most of them as codes.
///
/// ```swift
/// let shape = KVShape(queryHeads: 32, keyValueHeads: 8, keyDimension: 128)
/// let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(3)))
/// var cache = KVCache(codec)
/// try cache.append(keys: k, values: v)  // [heads, tokens, dimension]
/// let output = try cache.attend(q)  // [query heads, tokens, dimension]
/// ```
///
/// A cache is a value: a copy is a fork. Copies share all pages of 256 tokens until one of them changes its
/// last page. Tokens are at positions 0, 1, 2 …; the first ``KVConfiguration/sinks`` and the latest
/// ``KVConfiguration/window`` are exact, those between are kept as the configuration says. Once a token
/// is a code, it stays that code.
public struct KVCache: Sendable {
  /// What all caches of the configuration share.
  public let codec: KVCodec
  /// The number of tokens held.
  public internal(set) var count = 0
  var heads: [Head]
  /// Where the tokens stand, which removed ones have no part in.
  var positions = Positions()
  /// With how many tokens beyond the sinks centres and outlier channels are fixed.
  var centerTokens: Int
  /// What a snapshot held beside the cache; saved with it.
  var unknownSections: [UnknownSection] = []

  /// One key/value head.
  struct Head: Sendable {
    var keys: HeadVectors
    var values: HeadVectors
  }

  /// Creates an empty cache.
  public init(_ codec: KVCodec) {
    self.codec = codec
    let configuration = codec.configuration
    centerTokens = configuration.centerTokens ?? Center.tokenCount
    let head = Head(
      keys: HeadVectors(
        dimension: configuration.shape.keyDimension, precision: configuration.keys, codec.keyCodec,
        configuration.initialFormat),
      values: HeadVectors(
        dimension: configuration.shape.valueDimension, precision: configuration.values,
        codec.valueCodec, configuration.initialFormat))
    heads = Array(repeating: head, count: configuration.shape.keyValueHeads)
    for (h, metric) in codec.keyMetrics.enumerated() { heads[h].keys.metric = metric }
  }
}
