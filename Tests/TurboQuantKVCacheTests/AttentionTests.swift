import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Attention on the codes against attention in double precision on what the codes stand for.
@Suite struct AttentionTests {
  static let precisions: [KVPrecision] =
    [.float32, .float16] + (1...8).map { .bits($0) }
    + [
      .codes(Rate(halfBits: 5)), .codes(Rate(halfBits: 7)), .codes(Rate(halfBits: 9)),
      .codes(Rate(halfBits: 13)),
      .codes(.bits(3), estimator: .reconstruction), .codes(.bits(3), estimator: .matchedNorm),
      .outliers(bits: 2), .outliers(bits: 3, estimator: .matchedNorm), .outliers(bits: 4),
      .codes(.bits(4), quantizer: .polar(bits: [4, 2])), standardPolar,
    ]
  static let standardPolar = KVPrecision.codes(.bits(4), quantizer: .polar())

  @Test(arguments: precisions) func matchesDoublePrecision(_ precision: KVPrecision) throws {
    var largest = 0.0
    let shapes = [
      (48, 64), (64, 64), (80, 96), (96, 80), (128, 128), (256, 48), (5, 3),
    ]
    for (dimension, valueDimension) in isOptimizedBuild ? shapes : [(80, 96), (5, 3)] {
      if case .outliers = precision, valueDimension < 4 { continue }
      // Blocks of 16 coordinates.
      if precision == Self.standardPolar, dimension < 16 { continue }
      // Values are added up before they are rotated back, which angles cannot be.
      let values = precision.isPolar ? KVPrecision.bits(4) : precision
      let shape = KVShape(
        queryHeads: 4, keyValueHeads: 2, keyDimension: dimension, valueDimension: valueDimension)
      var configuration = KVConfiguration(shape: shape, keys: precision, values: values)
      configuration.seed = 7
      let codec = try KVCodec(configuration)
      for tokens in Self.lengths(dimension) {
        var dice = Dice(seed: UInt64(dimension * 1000 + tokens))
        let keys = dice.normals(2 * tokens * dimension)
        let values = dice.normals(2 * tokens * valueDimension)
        var cache = KVCache(codec)
        try cache.append(keys: keys.span, values: values.span)
        #expect(cache.count == tokens)
        let queryTokens = min(3, tokens)
        let queries = dice.normals(4 * queryTokens * dimension, scale: 2)
        largest = max(
          largest,
          try cache.expectAttention(
            queries, tokens: queryTokens, "d = \(dimension), n = \(tokens)"))
      }
    }
    // A bound that is never nearly reached says nothing.
    #expect(!isOptimizedBuild || largest > 0.2, "largest error is \(largest) of the bound")
    print("\(precision): largest error \(largest) of the bound")
  }

  /// The query that finds its key: it points where one key does, which has about half of all weight.
  ///
  /// Rounding of centroids does not vanish there as a code's own error does, and is not the same for all keys.
  @Test(arguments: (1...8).map { KVPrecision.bits($0) })
  func matchesWhereQueriesPointAtKeys(_ precision: KVPrecision) throws {
    var largest = 0.0
    let shapes = [(64, 65), (64, 513), (128, 257), (256, 513)]
    for (dimension, tokens) in isOptimizedBuild ? shapes : [(64, 65)] {
      let shape = KVShape(
        queryHeads: 2, keyValueHeads: 2, keyDimension: dimension, valueDimension: dimension)
      var configuration = KVConfiguration(shape: shape, keys: precision, values: .float32)
      configuration.seed = 7
      let codec = try KVCodec(configuration)
      for seed in 0..<UInt64(isOptimizedBuild ? 10 : 2) {
        var dice = Dice(seed: seed)
        let keys = dice.normals(2 * tokens * dimension)
        let values = dice.normals(2 * tokens * dimension)
        var cache = KVCache(codec)
        try cache.append(keys: keys.span, values: values.span)
        let queries = (0..<2).flatMap { head in
          let start = (head * tokens + dice.below(tokens - 40)) * dimension
          let key = keys[start..<start + dimension]
          let square = key.reduce(0.0) { $0 + Double($1) * Double($1) }
          // A score of ln n beside some n scores about 0.
          let factor = Portable.log(Double(tokens)) * Double(dimension).squareRoot() / square
          return key.map { Float(factor * Double($0)) }
        }
        largest = max(
          largest,
          try cache.expectAttention(
            queries, "d = \(dimension), n = \(tokens), seed \(seed)"))
      }
    }
    #expect(!isOptimizedBuild || largest > 0.1, "largest error is \(largest) of the bound")
    print("\(precision), queries at keys: largest error \(largest) of the bound")
  }

  /// Around the borders of quads and pages for one dimension; these do not depend on it.
  private static func lengths(_ dimension: Int) -> [Int] {
    guard isOptimizedBuild else { return [1, 65] }
    let borders =
      dimension == 80 ? [1, 2, 63, 64, 65, 129, 255, 256, 257, 511, 512, 513] : [64, 257]
    return borders + [dimension == 128 ? 5000 : 700]
  }

  @Test(arguments: [
    (4, 0, KVCentering.none), (0, 10, .none), (3, 70, .mean), (2, 5, .rotaryMean(rotary)),
    (0, 0, .rotaryMean(rotary)), (0, 0, .mean),
  ])
  func exactTokensAndCentring(sinks: Int, window: Int, centering: KVCentering) throws {
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 3, keyValueHeads: 1, keyDimension: 80, valueDimension: 64),
      keys: .bits(4), values: .bits(3))
    configuration.sinks = sinks
    configuration.window = window
    configuration.centering = centering
    configuration.sinkLogits = [1, -2, 0]
    configuration.logitCap = 20
    let codec = try KVCodec(configuration)
    for tokens in isOptimizedBuild ? [1, 4, 5, 74, 75, 140, 300] : [5, 75] {
      var dice = Dice(seed: UInt64(tokens))
      // A mean worth taking off, and a rotary one.
      let keys = dice.normals(tokens * 80).map { $0 + 1 }
      let values = dice.normals(tokens * 64).map { $0 - 2 }
      var cache = KVCache(codec)
      try cache.append(keys: keys.span, values: values.span)
      let queries = dice.normals(3 * 80)
      try cache.expectAttention(queries, "n = \(tokens)")
    }
  }

  static let rotary = RotaryEmbedding(
    frequencies: (0..<40).map { Portable.exp(-Portable.log(10_000) * Double($0) / 40) })

  @Test(
    arguments: [
      Quantizer.twoStage(), .twoStage(sketch: .orthogonal),
      .qjl(sketch: .gaussian, directions: 300),
    ], [SealBatch.rowCount - 1, 2 * SealBatch.rowCount])
  func sketchedKeys(_ quantizer: Quantizer, _ n: Int) throws {
    let d = 96
    let configuration = KVConfiguration(
      shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: d),
      keys: .codes(.bits(3), quantizer: quantizer), values: .float32)
    let codec = try KVCodec(configuration)
    var cache = KVCache(codec)
    var dice = Dice(seed: 3)
    let (keys, values, q) = (dice.normals(n * d), dice.normals(n * d), dice.normals(d))
    try cache.append(keys: keys.span, values: values.span)
    // The codec's own estimates are the scores.
    let keyCodec = try Codec(dimension: d, rate: .bits(3), quantizer: quantizer, seed: 0)
    let query = try keyCodec.prepare(q.span)
    let scores = try keyCodec.values(query, for: keyCodec.encode(keys.span))
    let scale = 1 / Double(d).squareRoot()
    let largest = scores.max()! * scale
    let weights = scores.map { Portable.exp($0 * scale - largest) }
    let found = try cache.attended(q)
    let total = weights.reduce(0, +)
    // Sealed rows meet whole numbers: both sums of a score are off by what rounding the query and the centroids
    // costs, as in `KernelBound`, here with vectors of length √d; the sketch's sum counts less than ŷ's.
    let rounding =
      n < SealBatch.rowCount
      ? 0 : 2 * (4 / (128 * 3.0.squareRoot())) * scale * Double(d).squareRoot()
    for i in 0..<d {
      let column = (0..<n).map { Double(values[$0 * d + i]) }
      let expected = (0..<n).reduce(0.0) { $0 + weights[$1] * column[$1] } / total
      let variance = (0..<n).reduce(0.0) { sum, t in
        let off = weights[t] / total * (column[t] - expected)
        return sum + off * off
      }
      // Scores of some units in float32, and what the softmax makes of them.
      let bound = 100 * 0x1p-24 * 4 + 6 * rounding * variance.squareRoot()
      #expect(abs(Double(found[i]) - expected) < bound)
    }
    #expect(throws: KVCacheError.self) { try cache.decoded(head: 0) }
  }

  @Test(
    "Query heads share their key head's codes",
    arguments: [
      KVPrecision.bits(4), .codes(.bits(3), quantizer: .qjl(sketch: .orthogonal)),
      .codes(.bits(4), quantizer: .polar()),
      .sketches(directions: 100, outliers: 4, outlierDirections: 30),
    ])
  func groupedQueries(_ keys: KVPrecision) throws {
    let (d, n) = (48, 300)
    func cache(_ queryHeads: Int, _ heads: Int) throws -> KVCache {
      let shape = KVShape(queryHeads: queryHeads, keyValueHeads: heads, keyDimension: d)
      return KVCache(try KVCodec(KVConfiguration(shape: shape, keys: keys, values: .bits(3))))
    }
    var dice = Dice(seed: 21)
    let (k, v) = (dice.normals(2 * n * d), dice.normals(2 * n * d))
    let queries = dice.normals(6 * d)
    var grouped = try cache(6, 2)
    try grouped.append(keys: k.span, values: v.span)
    let found = try grouped.attended(queries)
    for head in 0..<6 {
      var single = try cache(1, 1)
      let headRange = head / 3 * n * d..<(head / 3 + 1) * n * d
      try single.append(keys: k.span.extracting(headRange), values: v.span.extracting(headRange))
      let place = head * d..<(head + 1) * d
      #expect(try single.attended(Array(queries[place])) == Array(found[place]))
    }
  }

  @Test func resultsDoNotDependOnThreads() throws {
    let shape = KVShape(queryHeads: 8, keyValueHeads: 4, keyDimension: 64)
    let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(3), values: .bits(2)))
    var dice = Dice(seed: 9)
    let (keys, values) = (dice.normals(4 * 100 * 64), dice.normals(4 * 100 * 64))
    let queries = dice.normals(8 * 5 * 64)
    var caches = [KVCache(codec), KVCache(codec)]
    for (i, threads) in [1, 8].enumerated() {
      try caches[i].append(keys: keys.span, values: values.span, threads: threads)
    }
    #expect(try caches[0].attended(queries) == caches[1].attended(queries, threads: 8))
  }
}

extension KVPrecision {
  /// Whether it is PolarQuant.
  fileprivate var isPolar: Bool {
    if case .codes(_, .polar, _) = self { true } else { false }
  }
}
