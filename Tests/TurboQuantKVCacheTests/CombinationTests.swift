import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Every combination of what a cache may be asked for, through short histories of calls.
///
/// What a cache settles with its first tokens (centre, channels) must not matter to calls that come earlier, nor
/// to a snapshot or a fork taken then.
@Suite struct CombinationTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  enum Call: Sendable {
    case append(Int)
    case truncate(Int)
    case reopen
    case fork
  }

  /// Around sinks and window, one token at a time or many, back to nothing and to what lies between.
  static func histories(sinks: Int, window: Int) -> [[Call]] {
    [
      [.reopen, .append(1), .append(1), .reopen, .append(1), .append(1), .append(1), .append(1)],
      [
        .append(max(1, sinks)), .reopen, .fork, .append(1), .append(window + 37), .reopen,
        .append(2),
      ],
      [.append(sinks + 1), .fork, .truncate(0), .reopen, .append(1), .append(sinks), .append(5)],
      [
        .append(sinks + window + 70), .truncate(sinks), .reopen, .append(1), .truncate(sinks / 2),
        .append(sinks + 3), .fork, .truncate(0), .append(sinks + 40), .truncate(sinks + 33),
        .append(1),
      ],
    ]
  }

  static let keyPrecisions: [KVPrecision] = [
    .float32, .float16, .bits(2), .codes(Rate(halfBits: 9)), .outliers(bits: 2),
    .sketches(directions: 70, outliers: 2, outlierDirections: 20),
    .codes(.bits(3), quantizer: .twoStage(sketch: .orthogonal)),
    .codes(.bits(1), quantizer: .qjl(sketch: .gaussian)),
    .codes(.bits(4), quantizer: .polar(bits: [4, 2])),
  ]
  static let valuePrecisions: [KVPrecision] = [
    .float32, .float16, .codes(Rate(halfBits: 5)), .outliers(bits: 4),
  ]

  static func configurations(_ keys: KVPrecision) -> [KVConfiguration] {
    var all: [KVConfiguration] = []
    for values in valuePrecisions {
      for (sinks, window) in [(0, 0), (1, 0), (4, 0), (0, 3), (3, 40)] {
        for (dimension, valueDimension) in [(5, 4), (33, 80), (72, 31)] {
          let rotary = RotaryEmbedding(
            frequencies: [1, 0.3], pairing: dimension == 33 ? .neighbours : .halves)
          for centering in [KVCentering.none, .mean, .rotaryMean(rotary)] {
            let shape = KVShape(
              queryHeads: 2, keyValueHeads: 1, keyDimension: dimension,
              valueDimension: valueDimension)
            var configuration = KVConfiguration(shape: shape, keys: keys, values: values)
            (configuration.sinks, configuration.window) = (sinks, window)
            configuration.centering = centering
            all.append(configuration)
          }
        }
      }
    }
    return all
  }

  @Test(arguments: keyPrecisions) func everyHistory(_ keys: KVPrecision) throws {
    let all = Self.configurations(keys)
    // A debug build tries every eleventh, which over the precisions of keys meets each pair of settings.
    for (number, configuration) in all.enumerated() where isOptimizedBuild || number % 11 == 3 {
      let codec = try KVCodec(configuration)
      let histories = Self.histories(sinks: configuration.sinks, window: configuration.window)
      for (history, calls) in histories.enumerated() {
        try run(calls, codec, seed: UInt64(1 + 10 * number + history))
      }
    }
  }

  private func run(_ calls: [Call], _ codec: KVCodec, seed: UInt64) throws {
    var dice = Dice(seed: seed)
    var (cache, plain) = (KVCache(codec), PlainCache(codec))
    let shape = codec.configuration.shape
    for (step, call) in calls.enumerated() {
      switch call {
      case .append(let tokens):
        // A mean worth taking off, and channels of different sizes.
        let keys = (0..<tokens).map { _ in vector(shape.keyDimension, &dice) }
        let values = (0..<tokens).map { _ in vector(shape.valueDimension, &dice) }
        try append(keys.flatMap { $0 }, values.flatMap { $0 }, to: &cache)
        try plain.append(keys, values)
      case .truncate(let count):
        try cache.truncate(to: count)
        plain.truncate(to: count)
      case .reopen:
        try cache.save(to: scratch.file("cache.tqkv"))
        cache = try KVCache(opening: scratch.file("cache.tqkv"), codec: codec)
      case .fork:
        // What a fork does changes nothing here.
        var fork = cache
        let (k, v) = (vector(shape.keyDimension, &dice), vector(shape.valueDimension, &dice))
        try append(k, v, to: &fork)
        try fork.truncate(to: 0)
        try append(k, v, to: &fork)
      }
      try compare(
        cache, plain, dice.normals(2 * shape.keyDimension), "\(place(codec, seed)) step \(step)")
    }
  }

  private func append(_ keys: [Float], _ values: [Float], to cache: inout KVCache) throws {
    try cache.append(keys: keys.span, values: values.span)
  }

  private func vector(_ d: Int, _ dice: inout Dice) -> [Float] {
    dice.normals(d).enumerated().map { i, x in x * (i % 3 == 1 ? 2 : 1) + 1 }
  }

  private func place(_ codec: KVCodec, _ seed: UInt64) -> String {
    "seed \(seed), " + codec.configuration.record.replacing("\n", with: "; ")
  }

  private func compare(
    _ cache: KVCache, _ plain: PlainCache, _ queries: [Float], _ place: String
  ) throws {
    try #require(cache.count == plain.count, "\(place)")
    guard cache.count > 0 else { return }
    let shape = cache.codec.configuration.shape
    let (d, width) = (shape.keyDimension, shape.valueDimension)
    let scale = Float(1 / Double(d).squareRoot())
    let found = try cache.attended(queries)
    let bound = try KernelBound(
      cache, head: 0, plain.keys.standing, plain.values.standing, scale: scale)
    for head in 0..<2 {
      let q = Array(queries[head * d..<(head + 1) * d])
      let expected = reference(
        scores: try plain.scores(q, scale: scale), values: plain.values.standing,
        valueDimension: width)
      let bounds = try bound.bounds(q, expected)
      for i in 0..<width {
        let error = abs(Double(found[head * width + i]) - expected.output[i])
        #expect(error <= bounds[i], "\(place), coordinate \(i) of head \(head)")
      }
    }
  }
}
