import Foundation
import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// A quarter of the channels at one bit more, with their own rotation.
@Suite struct OutlierTests {
  static let d = 128
  static let large = [3, 5, 17, 40, 41, 64, 90, 127]

  /// Vectors eight of whose channels are twelve times as large as the others, around `center`.
  private func vectors(_ tokens: Int, seed: UInt64, center: Float = 0) -> [Float] {
    var dice = Dice(seed: seed)
    return (0..<tokens * Self.d).map { i in
      dice.normal() * (Self.large.contains(i % Self.d) ? 12 : 1) + center
    }
  }

  private func cache(
    _ precision: KVPrecision, _ vectors: [Float],
    _ change: (inout KVConfiguration) -> Void = { _ in }
  ) throws -> KVCache {
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: Self.d)
    var configuration = KVConfiguration(shape: shape, keys: precision, values: precision)
    change(&configuration)
    var cache = KVCache(try KVCodec(configuration))
    try cache.append(keys: vectors.span, values: vectors.span)
    return cache
  }

  private func loss(_ cache: KVCache, _ vectors: [Float]) throws -> Double {
    let decoded = try cache.decoded(head: 0).keys
    let error = zip(vectors, decoded).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    return error / vectors.reduce(0.0) { $0 + Double($1 * $1) }
  }

  @Test("The largest channels are the outliers, and stay so") func choice() throws {
    let first = vectors(40, seed: 1)
    var cache = try cache(.outliers(bits: 2), first)
    let channels = cache.heads[0].keys.channels
    #expect(channels.count == 128 && Set(channels).count == 128)
    #expect(Self.large.allSatisfy { channels.prefix(32).contains(UInt16($0)) })
    #expect(channels.prefix(32).sorted() == Array(channels.prefix(32)))
    // Other channels are large now; nothing is decided again until nothing is left.
    let later = (0..<40 * 128).map { i in i % 128 < 64 ? Float(9) : first[i] }
    try cache.append(keys: later.span, values: later.span)
    #expect(cache.heads[0].keys.channels == channels)
    try cache.truncate(to: 1)
    #expect(cache.heads[0].keys.channels == channels)
    try cache.truncate(to: 0)
    #expect(cache.heads[0].keys.channels.isEmpty)
    try cache.append(keys: later.span, values: later.span)
    #expect(cache.heads[0].keys.channels != channels)
  }

  @Test("Fewer tokens than choose the channels wait, exact, also in a snapshot") func waiting()
    throws
  {
    let scratch = try Scratch()
    var floats = vectors(40, seed: 8)
    // Alone, the first token would choose others.
    for i in 0..<64 where !Self.large.contains(i) { floats[i] = 20 }
    func part(_ tokens: Range<Int>) -> [Float] {
      Array(floats[tokens.lowerBound * Self.d..<tokens.upperBound * Self.d])
    }
    for keys in [KVPrecision.outliers(bits: 2), .outliers(bits: 3, estimator: .matchedNorm)] {
      let whole = try cache(keys, part(0..<40))
      var cache = try cache(keys, part(0..<1))
      for t in 1..<31 { try cache.append(keys: part(t..<t + 1), values: part(t..<t + 1)) }
      #expect(try cache.decoded(head: 0).keys == part(0..<31))
      #expect(cache.memory.keyBytes == 0 && cache.memory.channelBytes == 0)
      try cache.save(to: scratch.file("waiting"))
      var opened = try KVCache(opening: scratch.file("waiting"), codec: cache.codec)
      #expect(opened.memory == cache.memory)
      try cache.append(keys: part(31..<40), values: part(31..<40))
      try opened.append(keys: part(31..<40), values: part(31..<40))
      #expect(cache.heads[0].keys.channels == whole.heads[0].keys.channels)
      #expect(try cache.serialized() == whole.serialized())
      #expect(try opened.serialized() == whole.serialized())
      let outliers = cache.heads[0].keys.channels.prefix(32)
      #expect(Self.large.allSatisfy { outliers.contains(UInt16($0)) })
    }
  }

  @Test("A centre does not make a channel an outlier") func centred() throws {
    let vectors = vectors(60, seed: 2)
    let shifted = vectors.enumerated().map { $1 + ($0 % 128 == 77 ? 100 : 0) }
    let cache = try cache(.outliers(bits: 2), shifted) { $0.centering = .mean }
    let outliers = cache.heads[0].keys.channels.prefix(32)
    #expect(Self.large.allSatisfy { outliers.contains(UInt16($0)) })
  }

  /// Eight channels of 144 and 24 of 1 at three bits, 96 of 1 at two.
  @Test("It loses what its parts lose") func loss() throws {
    let vectors = vectors(500, seed: 3)
    let found = try loss(try cache(.outliers(bits: 2), vectors), vectors)
    let large = 8 * 144 + 24.0, others = 96.0
    let parts = try [(32, 3), (96, 2)].map {
      CodecErrorTests.predicted(
        try ScalarQuantizer(dimension: $0, rate: .bits($1)).distortion, .renormalized)
    }
    let expected = (large * parts[0] + others * parts[1]) / (large + others)
    #expect(abs(found / expected - 1) < 0.1)
    // Where outliers are that large, a rotation over all channels at 2.5 bits loses more.
    let whole = try loss(try cache(.codes(Rate(halfBits: 5)), vectors), vectors)
    #expect(found < 0.7 * whole)
  }

  @Test("Its true cost is named and counted") func cost() throws {
    let cache = try cache(.outliers(bits: 2), vectors(300, seed: 4))
    #expect(cache.codec.configuration.keys.description == "2.25 bits with outliers")
    // 32 · 3 + 96 · 2 bits and two float32 a vector; the order of 128 channels, for keys and for values.
    #expect(cache.memory.keyBytes == 300 * (36 + 8))
    #expect(cache.memory.channelBytes == 2 * 2 * 128)
    #expect(cache.memory.total == 2 * 300 * 44 + 512)
  }

  // MARK: Sketches

  /// The score of one key, times the length of neither: of two tokens the second has the key 0.
  private func score(_ precision: KVPrecision, _ k: [Float], _ q: [Float], seed: UInt64) throws
    -> Double
  {
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: Self.d, valueDimension: 2)
    var configuration = KVConfiguration(shape: shape, keys: precision, values: .float32)
    (configuration.seed, configuration.centerTokens) = (seed, 1)
    var cache = KVCache(try KVCodec(configuration))
    let (keys, values): ([Float], [Float]) = (k + k.map { _ in 0 }, [1, 0, 0, 1])
    try cache.append(keys: keys.span, values: values.span)
    let scale: Float = 1e-3
    let weights = try cache.attended(q, scale: scale)
    return (Portable.log(Double(weights[0])) - Portable.log(Double(weights[1]))) / Double(scale)
  }

  /// QJL's variance for each part by itself: within 4 standard errors over seeds and the formula's 5%.
  @Test("Sketches of outliers and of the others err as each would") func sketches() throws {
    let k = vectors(1, seed: 5)
    var dice = Dice(seed: 6)
    let q = dice.normals(Self.d)
    let apartPrecision = KVPrecision.sketches(
      directions: 120, outliers: 8, outlierDirections: 64)
    // Chosen by this key alone, they need not be those of the largest variance.
    let outliers = try cache(apartPrecision, k) {
      ($0.values, $0.centerTokens) = (.float32, 1)
    }.heads[0].keys.channels
      .prefix(8)
    func part(_ x: [Float], _ isOutlier: Bool) -> [Float] {
      x.indices.filter { outliers.contains(UInt16($0)) == isOutlier }.map { x[$0] }
    }
    func variance(_ k: [Float], _ q: [Float], directions: Int) throws -> Double {
      let sketch = try ResidualSketch(
        dimension: k.count, directions: directions, kind: .orthogonal, seed: 0)
      let (kk, qq, kq) = (dot(k, k), dot(q, q), dot(k, q))
      return kk * qq * sketch.relativeVariance(atCosine: kq / (kk * qq).squareRoot())
    }
    let expected =
      try variance(part(k, true), part(q, true), directions: 64)
      + variance(part(k, false), part(q, false), directions: 120)
    let truth = dot(k, q)
    func errors(_ precision: KVPrecision) throws -> (mean: Double, error: Double) {
      let squares = try (0..<(isOptimizedBuild ? 2000 : 100)).map {
        try pow(score(precision, k, q, seed: UInt64($0)) - truth, 2)
      }
      let mean = squares.reduce(0, +) / Double(squares.count)
      let spread = squares.reduce(0) { $0 + pow($1 - mean, 2) } / Double(squares.count)
      return (mean, (spread / Double(squares.count)).squareRoot())
    }
    let apart = try errors(apartPrecision)
    #expect(abs(apart.mean - expected) <= 0.05 * expected + 4 * apart.error, "seeds 0 …")
    // As many signs for all channels together lose more.
    let together = try errors(
      .codes(.bits(1), quantizer: .qjl(sketch: .orthogonal, directions: 184)))
    #expect(apart.mean < together.mean - 4 * (apart.error + together.error))
  }

  @Test("Bytes of both sketches and their norms are counted") func sketchBytes() throws {
    let vectors = vectors(300, seed: 7)
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: Self.d)
    let keys = KVPrecision.sketches(directions: 120, outliers: 8, outlierDirections: 64)
    var cache = KVCache(
      try KVCodec(KVConfiguration(shape: shape, keys: keys, values: .float32)))
    try cache.append(keys: vectors.span, values: vectors.span)
    #expect(cache.memory.keyBytes == 300 * (15 + 8 + 4 + 4))
    #expect(Self.large.allSatisfy { cache.heads[0].keys.channels.prefix(8).contains(UInt16($0)) })
  }
}
