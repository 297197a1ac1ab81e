internal import TurboQuant
internal import TurboQuantKVCache

/// One context of a modelled head, and needles in it: tokens that a query each asks for.
struct RetrievalTrial {
  /// Tokens that a cache takes at once, as prompts are read in pieces.
  private static let batch = 4096
  private let dimension: Int
  private let keys, values: [Float]
  /// Squared lengths of values.
  private let squares: [Float]
  private let needles: [Int]
  /// One query for each needle.
  private let queries: [Float]

  /// Draws a context and its needles.
  init(
    _ head: ModelledHead, tokens: Int, needles count: Int, lead: Double, seed: UInt64, number: Int
  ) {
    let dimension = head.dimension
    // Stream 0 is the head's own.
    var stream = RandomStream(seed: seed, purpose: .testData, number: UInt32(number + 1))
    let (keys, values) = head.context(tokens: tokens, &stream)
    var (needles, queries): ([Int], [Float]) = ([], [])
    while needles.count < count {
      let token = head.ordinaryToken(of: tokens, &stream)
      guard !needles.contains(token) else { continue }
      needles.append(token)
      let key = keys.span.extracting(token * dimension..<(token + 1) * dimension)
      queries += head.query(for: key, lead: lead, &stream)
    }
    squares = (0..<tokens).map { token in
      let value = values.span.extracting(token * dimension..<(token + 1) * dimension)
      return product(value, value)
    }
    (self.dimension, self.keys, self.values) = (dimension, keys, values)
    (self.needles, self.queries) = (needles, queries)
  }

  /// How many needles a cache finds, and its bytes per token.
  ///
  /// A needle is found when the attention of its query is nearer to its value than to the value of any other token.
  /// Since values of sinks are nearly zero, that takes about half of the weight.
  func found(_ configuration: KVConfiguration) throws -> (needles: Int, bytes: Double) {
    var cache = KVCache(try KVCodec(configuration))
    let tokens = squares.count
    for start in stride(from: 0, to: tokens, by: Self.batch) {
      let range = start * dimension..<min(tokens, start + Self.batch) * dimension
      try cache.append(keys: keys.span.extracting(range), values: values.span.extracting(range))
    }
    var output = [Float](repeating: 0, count: queries.count)
    var target = output.mutableSpan
    try cache.attend(queries.span, into: &target)
    let found = needles.indices.count { i in
      isNearest(needles[i], to: output.span.extracting(i * dimension..<(i + 1) * dimension))
    }
    return (found, Double(cache.memory.total) / Double(tokens))
  }

  private func isNearest(_ needle: Int, to output: Span<Float>) -> Bool {
    // The squared distance without the output's own square.
    func distance(_ token: Int) -> Float {
      let value = values.span.extracting(token * dimension..<(token + 1) * dimension)
      return squares[token] - 2 * product(value, output)
    }
    let own = distance(needle)
    return squares.indices.allSatisfy { $0 == needle || distance($0) > own }
  }
}

private func product(_ x: Span<Float>, _ y: Span<Float>) -> Float {
  var sums = SIMD8<Float>.zero
  var i = 0
  while i + 8 <= x.count {
    sums += eight(x, i) * eight(y, i)
    i += 8
  }
  var sum = sums.sum()
  while i < x.count {
    sum += x[i] * y[i]
    i += 1
  }
  return sum
}

private func eight(_ x: Span<Float>, _ i: Int) -> SIMD8<Float> {
  SIMD8(x[i], x[i + 1], x[i + 2], x[i + 3], x[i + 4], x[i + 5], x[i + 6], x[i + 7])
}
