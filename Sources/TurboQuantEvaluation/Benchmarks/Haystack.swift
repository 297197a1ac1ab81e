package import TurboQuantKVCache
internal import TurboQuant
internal import TurboQuantKernels

/// Random keys, and queries that each point at one key, the needle.
package struct Haystack {
  /// Depths of needles, in percent of the context.
  package static let depths = [1, 25, 50, 75, 100]
  private let tokens: Int
  private let dimension: Int
  private let seed: UInt64
  private let keys: [Float]
  /// For each depth, the tokens of the needles and their queries, one after another.
  private let needles: [(tokens: [Int], queries: [Float])]

  /// Draws `tokens` keys, and `needleCount` needles at each depth.
  package init(tokens: Int, dimension: Int, cosine: Double, _ needleCount: Int, _ seed: UInt64) {
    self.tokens = tokens
    self.dimension = dimension
    self.seed = seed
    var stream = RandomStream(seed: seed, purpose: .testData)
    var keys: [Float] = []
    keys.reserveCapacity(tokens * dimension)
    for _ in 0..<tokens * dimension { keys.append(Float(stream.nextNormal())) }
    // Weights of two orthogonal vectors of equal length; random vectors are nearly that.
    let (along, across) = (Float(cosine), Float((1 - cosine * cosine).squareRoot()))
    needles = Self.depths.map { depth in
      // The needles are neighbouring tokens; if there are fewer tokens than needles, all are needles.
      let count = min(needleCount, tokens)
      let first = (tokens - count) * depth / 100
      let own = (0..<needleCount).map { first + $0 % count }
      var queries: [Float] = []
      for token in own {
        for i in 0..<dimension {
          let noise = across * Float(stream.nextNormal())
          queries.append(along * keys[token * dimension + i] + noise)
        }
      }
      return (own, queries)
    }
    self.keys = keys
  }

  /// The number of needles that attention finds at each depth.
  package func results(_ name: String, _ precision: KVPrecision) throws -> [NeedleResult] {
    let heads = 8
    let shape = KVShape(
      queryHeads: heads, keyValueHeads: 1, keyDimension: dimension, valueDimension: 1)
    var configuration = KVConfiguration(shape: shape, keys: precision, values: .float32)
    configuration.seed = seed
    var cache = KVCache(try KVCodec(configuration))
    // The value of a token encodes its position.
    let values = (0..<tokens).map { Float($0) / Float(tokens) }
    try cache.append(keys: keys.span, values: values.span)
    let bytes = Double(cache.memory.keyBytes) / Double(tokens)
    return try zip(Haystack.depths, needles).map { depth, needles in
      var found = 0
      for start in stride(from: 0, to: needles.tokens.count, by: heads) {
        found += try self.found(start, heads, needles, cache)
      }
      return NeedleResult(
        keys: name, bytesPerKey: bytes, tokens: tokens, depth: depth,
        needles: needles.tokens.count, found: found)
    }
  }

  /// The number of queries that find their needle, for one query per head.
  private func found(
    _ start: Int, _ heads: Int, _ needles: (tokens: [Int], queries: [Float]), _ cache: KVCache
  ) throws -> Int {
    var queries = [Float](repeating: 0, count: heads * dimension)
    let count = min(heads, needles.tokens.count - start)
    for i in 0..<count * dimension { queries[i] = needles.queries[start * dimension + i] }
    var output = [Float](repeating: 0, count: heads)
    var target = output.mutableSpan
    // The scale is so large that all weight falls on the largest score, except for ties.
    let scale = 100 / Float(dimension).squareRoot()
    try cache.attend(queries.span, into: &target, scale: scale)
    return (0..<count).count { i in
      abs(output[i] * Float(tokens) - Float(needles.tokens[start + i])) < 0.5
    }
  }
}

/// One cache and depth: the fields of `benchmark needle --json`.
package struct NeedleResult: Encodable {
  package let keys: String
  package let bytesPerKey: Double
  package let tokens, depth, needles, found: Int

  enum CodingKeys: String, CodingKey {
    case keys, tokens, needles, found
    case bytesPerKey = "bytes_per_key"
    case depth = "depth_percent"
  }
}
