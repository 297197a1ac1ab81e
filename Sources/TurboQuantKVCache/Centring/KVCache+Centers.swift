// Fixes what centring subtracts from the keys and values of each head.

internal import TurboQuant
internal import TurboQuantKernels

extension KVCache {
  /// Determines the centres from the first append that goes beyond the sinks.
  mutating func fixCenters(_ keys: Span<Float>, _ values: Span<Float>, tokens: Int) {
    let configuration = codec.configuration
    let sinks = max(0, configuration.sinks - count)
    guard configuration.centering != .none, tokens > sinks else { return }
    if codec.keyCodec != nil, heads[0].keys.center.isEmpty {
      let means = Center.means(
        keys, heads: heads.count, tokens: tokens, skipping: sinks, position: count,
        configuration.centering.rotary)
      for h in heads.indices { heads[h].keys.center = means[h] }
    }
    if codec.valueCodec != nil, heads[0].values.center.isEmpty {
      let means = Center.means(
        values, heads: heads.count, tokens: tokens, skipping: sinks, position: count, nil)
      for h in heads.indices { heads[h].values.center = means[h] }
    }
  }
}

/// Means of vectors, for keys those before rotary embedding.
enum Center {
  /// The means of heads × tokens vectors, the first of which stands at `position`, without the first
  /// `skipped` tokens.
  static func means(
    _ floats: Span<Float>, heads: Int, tokens: Int, skipping skipped: Int, position: Int,
    _ rotary: RotaryEmbedding?
  ) -> [[Float]] {
    let dimension = floats.count / (heads * tokens)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: dimension), count: heads)
    for first in stride(from: skipped, to: tokens, by: Page.rowCount) {
      let page = first..<min(tokens, first + Page.rowCount)
      let table = rotary.map {
        RotaryTable($0, positions: position + page.lowerBound..<position + page.upperBound)
      }
      for h in 0..<heads {
        for token in page {
          let start = (h * tokens + token) * dimension
          if let table {
            table.addUnembedded(floats, at: start, row: token - first, to: &sums[h])
          } else {
            for i in 0..<dimension { sums[h][i] += Double(floats[start + i]) }
          }
        }
      }
    }
    return sums.map { $0.map { Float($0 / Double(tokens - skipped)) } }
  }
}
