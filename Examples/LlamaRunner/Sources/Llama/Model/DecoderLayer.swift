/// One layer: attention over the cache, then the gated feed-forward part, each added to its input.
struct DecoderLayer: Sendable {
  let shape: CacheShape
  let attentionNorm: RMSNorm
  let query: Linear
  let key: Linear
  let value: Linear
  let output: Linear
  let feedForwardNorm: RMSNorm
  let gate: Linear
  let up: Linear
  let down: Linear

  /// Runs the tokens' vectors, `[tokens][hidden]`, through the layer.
  func run(
    _ hidden: inout [Float], tokens: Int, position: Int, rotary: RotaryEmbedding,
    cache: inout any LayerCache
  ) throws {
    let normed = attentionNorm(hidden)
    let attended = try attend(
      normed, tokens: tokens, position: position, rotary: rotary, cache: &cache)
    Vectors.add(output(attended, rows: tokens), to: &hidden)
    let input = feedForwardNorm(hidden)
    var gated = gate(input, rows: tokens)
    Vectors.gate(&gated, up(input, rows: tokens))
    Vectors.add(down(gated, rows: tokens), to: &hidden)
  }

  private func attend(
    _ input: [Float], tokens: Int, position: Int, rotary: RotaryEmbedding,
    cache: inout any LayerCache
  ) throws -> [Float] {
    let (heads, dimension) = (shape.keyValueHeads, shape.headDimension)
    let keys = rotary.turned(
      key(input, rows: tokens), heads: heads, tokens: tokens, position: position)
    let values = HeadOrder.headsFirst(
      value(input, rows: tokens), heads: heads, tokens: tokens, dimension: dimension)
    let queries = rotary.turned(
      query(input, rows: tokens), heads: shape.queryHeads, tokens: tokens, position: position)
    try cache.append(keys: keys, values: values, tokens: tokens)
    let result = try cache.attend(
      queries: queries, tokens: tokens, scale: 1 / Float(dimension).squareRoot())
    guard result.count == queries.count else {
      throw CacheError.length(
        what: "attention from the cache", expected: queries.count, found: result.count)
    }
    return HeadOrder.tokensFirst(
      result, heads: shape.queryHeads, tokens: tokens, dimension: dimension)
  }
}
