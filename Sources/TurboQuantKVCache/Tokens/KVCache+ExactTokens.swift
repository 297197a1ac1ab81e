// When exact tokens become float32.

internal import TurboQuant
internal import TurboQuantKernels

extension KVCache {
  /// The first token that float16 cannot hold, where exact tokens are float16 only as long as it can; `tokens` if
  /// there is none.
  ///
  /// All heads change at the same token, keys and values alike, so that codes do not depend on how many tokens come in
  /// one call. What the configuration keeps as float16 passes through it anyway.
  func firstBeyondFloat16(_ keys: Span<Float>, _ values: Span<Float>, tokens: Int) -> Int {
    let configuration = codec.configuration
    guard configuration.exactTokens == nil, heads[0].keys.window.format == .float16 else {
      return tokens
    }
    let first = firstBeyondFloat16(
      keys, configuration.shape.keyDimension, configuration.keys, 0..<tokens, of: tokens)
    return firstBeyondFloat16(
      values, configuration.shape.valueDimension, configuration.values, 0..<first, of: tokens)
  }

  private func firstBeyondFloat16(
    _ floats: Span<Float>, _ dimension: Int, _ precision: KVPrecision, _ some: Range<Int>,
    of tokens: Int
  ) -> Int {
    guard precision != .float16 else { return some.upperBound }
    let range = Float16Range(dimension: dimension, codec.kernels)
    var first = some.upperBound
    for h in heads.indices {
      let start = h * tokens * dimension
      let ofHead = floats.extracting(start..<start + first * dimension)
      first = range.firstMisfit(ofHead)?.row ?? first
    }
    return first
  }

  /// Makes float32 of all exact tokens.
  mutating func widenExactTokens() {
    for h in heads.indices {
      heads[h].keys.widen(codec.kernels)
      heads[h].values.widen(codec.kernels)
    }
  }
}
