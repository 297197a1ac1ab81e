internal import TurboQuant

/// Keys and queries of a head's context that no trial uses, from which metrics are found.
struct CalibrationText {
  /// [tokens, dimension].
  let keys: [Float]
  /// [queries of a token, tokens, dimension].
  let queries: [Float]

  /// Draws a context in which every token has `queries` queries.
  init(_ head: ModelledHead, tokens: Int, queries count: Int, lead: Double, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testData, number: .max)
    let keys = head.context(tokens: tokens, &stream).keys
    var queries: [Float] = []
    queries.reserveCapacity(count * keys.count)
    for _ in 0..<count * tokens {
      let start = head.ordinaryToken(of: tokens, &stream) * head.dimension
      let key = keys.span.extracting(start..<start + head.dimension)
      queries += head.query(for: key, lead: lead, &stream)
    }
    (self.keys, self.queries) = (keys, queries)
  }
}
