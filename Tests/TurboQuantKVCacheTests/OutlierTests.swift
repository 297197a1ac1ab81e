import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// A quarter of the channels at one bit more, with a rotation of their own.
@Suite struct OutlierTests {
  static let d = 128
  static let large = [3, 5, 17, 40, 41, 64, 90, 127]

  /// Vectors eight of whose channels are twelve times as large as the others, around `centre`.
  private func vectors(_ tokens: Int, seed: UInt64, centre: Float = 0) -> [Float] {
    var dice = Dice(seed: seed)
    return (0..<tokens * Self.d).map { i in
      dice.normal() * (Self.large.contains(i % Self.d) ? 12 : 1) + centre
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

  @Test("A centre does not make a channel an outlier") func centred() throws {
    let vectors = vectors(60, seed: 2)
    let shifted = vectors.enumerated().map { $1 + ($0 % 128 == 77 ? 100 : 0) }
    let cache = try cache(.outliers(bits: 2), shifted) { $0.centring = .mean }
    let outliers = cache.heads[0].keys.channels.prefix(32)
    #expect(Self.large.allSatisfy { outliers.contains(UInt16($0)) })
  }

  /// Eight channels of 144 and 24 of 1 at three bits, 96 of 1 at two.
  @Test("It loses what its parts lose") func loss() throws {
    let vectors = vectors(500, seed: 3)
    let found = try loss(try cache(.outliers(bits: 2), vectors), vectors)
    let large = 8 * 144 + 24.0, rest = 96.0
    let parts = try [(32, 3), (96, 2)].map {
      CodecErrorTests.predicted(
        try ScalarQuantizer(dimension: $0, rate: .bits($1)).distortion, .renormalized)
    }
    let expected = (large * parts[0] + rest * parts[1]) / (large + rest)
    #expect(abs(found / expected - 1) < 0.1)
    // Where outliers are that large, a rotation over all channels at 2.5 bits loses more.
    let whole = try loss(try cache(.codes(Rate(halfBits: 5)), vectors), vectors)
    #expect(found < 0.7 * whole)
  }

  @Test("Its true cost is named and counted") func cost() throws {
    let cache = try cache(.outliers(bits: 2), vectors(300, seed: 4))
    #expect(cache.codec.configuration.keys.description == "2.25 bits with outliers")
    // 32 · 3 + 96 · 2 bits and two float32 a vector; the order of 128 channels a side.
    #expect(cache.memory.keyBytes == 300 * (36 + 8))
    #expect(cache.memory.channelBytes == 2 * 2 * 128)
    #expect(cache.memory.total == 2 * 300 * 44 + 512)
  }
}
