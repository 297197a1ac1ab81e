import Foundation
import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Random configurations under random calls, against a cache kept the plain way.
///
/// `TQ_CACHES` is how many configurations there are, `TQ_SEED` the first one's seed.
@Suite struct RandomCacheTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  @Test("No call traps, and every cache is what its history leaves") func anyConfiguration() throws
  {
    let first = UInt64(Self.number("TQ_SEED") ?? 1)
    let count = UInt64(Self.number("TQ_CACHES") ?? (isOptimizedBuild ? 300 : 20))
    var (calls, compared) = (0, 0)
    for seed in first..<first + count {
      var run = try Run(seed: seed, path: scratch.file("cache.tqkv"))
      for _ in 0..<12 {
        try run.call()
        if try run.compare() { compared += 1 }
        calls += 1
      }
    }
    // Few are not compared: those of empty caches, and of what a sliding window has forgotten.
    #expect(compared * 10 > calls * 7, "\(compared) of \(calls)")
  }
}

/// One configuration and its calls.
private struct Run {
  let seed: UInt64
  let path: String
  let codec: KVCodec
  var dice: Dice
  var cache: KVCache
  var plain: PlainCache
  var calls: [String] = []
  /// A fork from which the cache goes on after a while.
  var fork: (KVCache, PlainCache)?

  init(seed: UInt64, path: String) throws {
    (self.seed, self.path) = (seed, path)
    var dice = Dice(seed: seed)
    codec = try KVCodec(try Run.configuration(&dice))
    self.dice = dice
    (cache, plain) = (KVCache(codec), PlainCache(codec))
  }

  private static func configuration(_ dice: inout Dice) throws -> KVConfiguration {
    func one<Value>(of values: [Value]) -> Value { values[dice.below(values.count)] }
    let (d, width) = (one(of: [5, 16, 33, 72, 80]), one(of: [4, 16, 31, 64]))
    let shape = KVShape(
      queryHeads: 1 + dice.below(3), keyValueHeads: 1, keyDimension: d, valueDimension: width)
    var configuration = KVConfiguration(
      shape: shape, keys: one(of: CombinationTests.keyPrecisions + [.bits(4), .bits(6)]),
      values: one(of: CombinationTests.valuePrecisions + [.bits(3), .bits(8)]))
    configuration.sinks = one(of: [0, 0, 1, 4])
    configuration.window = one(of: [0, 0, 3, 40])
    configuration.exactTokens = one(of: [nil, nil, nil, .float32, .float16, .bfloat16])
    configuration.slidingWindow = one(of: [nil, nil, nil, 1, 30, 290])
    let rotary = RotaryEmbedding(
      frequencies: [1, 0.3], pairing: one(of: [.neighbours, .halves]))
    configuration.centering = one(of: [.none, .mean, .rotaryMean(rotary)])
    configuration.centerTokens = one(of: [nil, nil, 20, 100])
    if configuration.keys.hasCodes {
      let kind = one(of: [nil, KVEqualization.Kind.diagonal, .matrix])
      configuration.equalization = try kind.map { try equalization($0, d, heads: 1, &dice) }
    }
    configuration.logitCap = one(of: [nil, nil, 5])
    if dice.below(4) == 0 {
      configuration.sinkLogits = (0..<shape.queryHeads).map { _ in dice.normal() }
    }
    configuration.seed = UInt64(dice.below(1000))
    return configuration
  }

  var place: String {
    "seed \(seed), \(calls.joined(separator: ", ")), "
      + codec.configuration.record.replacing("\n", with: "; ")
  }

  /// A mean, channels of different sizes, and now and then a token that float16 cannot hold.
  ///
  /// Large are values only: keys' scores would leave one token's weight.
  private mutating func vectors(_ count: Int, _ dimension: Int, large: Float) -> [[Float]] {
    (0..<count).map { _ in
      let isFloat16 =
        codec.configuration.exactTokens == .float16 || codec.configuration.keys == .float16
        || codec.configuration.values == .float16
      let scale: Float = isFloat16 || dice.below(40) > 0 ? 1 : dice.below(2) == 0 ? 1e-7 : large
      return dice.normals(dimension).enumerated().map { i, x in
        scale * (x * (i % 3 == 1 ? 2 : 1) + 1)
      }
    }
  }

  mutating func call() throws {
    switch dice.below(12) {
    case 0:
      let count = dice.below(3) == 0 ? 0 : dice.below(cache.count + 1)
      calls.append("truncate \(count)")
      do {
        try cache.truncate(to: count)
        plain.truncate(to: count)
      } catch {
        try expectForgotten(error)
      }
    case 1, 2:
      let first = dice.below(cache.count + 1)
      let most = cache.count - first
      let n = [dice.below(most + 1), min(most, dice.below(4)), most / 256 * 256][dice.below(3)]
      calls.append("remove \(first)..<\(first + n)")
      try cache.remove(first..<first + n)
      plain.remove(first..<first + n)
    case 3:
      calls.append("reopen")
      let before = cache
      try cache.save(to: path)
      cache = try KVCache(opening: path, codec: codec)
      #expect(cache.memory == before.memory && cache.positions == before.positions, "\(place)")
    case 4:
      calls.append(fork == nil ? "fork" : "back")
      let other = fork
      fork = fork == nil ? (cache, plain) : nil
      if let other { (cache, plain) = other }
    default:
      let n = [0, 1, 1, 1 + dice.below(6), 40, 1 + dice.below(300)][dice.below(6)]
      calls.append("append \(n)")
      let shape = codec.configuration.shape
      let (keys, values) = (
        vectors(n, shape.keyDimension, large: 1), vectors(n, shape.valueDimension, large: 3e4)
      )
      try cache.append(
        keys: keys.flatMap { $0 }, values: values.flatMap { $0 }, at: plain.nextPosition,
        threads: 1 + dice.below(2))
      try plain.append(keys, values)
    }
  }

  private func expectForgotten(_ error: KVCacheError) throws {
    guard case .forgotten = error.kind, codec.configuration.slidingWindow != nil else {
      throw error
    }
  }

  /// Compares what there is and what attention finds; false if there is nothing, or it was forgotten.
  mutating func compare() throws -> Bool {
    try #require(cache.count == plain.count && cache.nextPosition == plain.nextPosition, "\(place)")
    guard cache.count > 0 else {
      #expect(cache.memory.total == 0, "\(place)")
      return false
    }
    let head = cache.heads[0]
    let places = plain.places
    #expect(head.keys.sinkCount == places.count { $0.isSink }, "\(place)")
    #expect(head.keys.windowCount == plain.open.count, "\(place)")
    #expect(head.keys.window.format == plain.format, "\(place)")
    #expect(cache.positions.all(0..<cache.count) == places.map(\.position), "\(place)")
    let configuration = codec.configuration
    let (d, width) = (configuration.shape.keyDimension, configuration.shape.valueDimension)
    // Scores that leave weight to many tokens: the bound is six deviations of the sum of their errors.
    let queries = dice.normals(configuration.shape.queryHeads * d, scale: 0.25)
    let found: [Float]
    do {
      found = try cache.attend(queries)
    } catch {
      try expectForgotten(error)
      return false
    }
    let scale = Float(1 / Double(d).squareRoot())
    let (keys, values) = (plain.keys.standing, plain.values.standing)
    let bound = try KernelBound(cache, head: 0, keys, values, scale: scale)
    // What stands for a code is a float32 sum of it and the centre.
    let sum = (values + head.values.center).reduce(0) { max($0, abs($1)) }
    let own = places[places.count - 1].position
    for h in 0..<configuration.shape.queryHeads {
      let q = Array(queries[h * d..<(h + 1) * d])
      let expected = reference(
        scores: try plain.scores(q, scale: scale), values: values, valueDimension: width,
        cap: configuration.logitCap,
        sinkLogit: configuration.sinkLogits.isEmpty ? nil : configuration.sinkLogits[h]
      ) { t in
        places[t].isSink || places[t].position > own - (configuration.slidingWindow ?? .max)
      }
      let bounds = try bound.bounds(q, expected)
      for i in 0..<width {
        let error = abs(Double(found[h * width + i]) - expected.output[i])
        #expect(
          error <= bounds[i] + 0x1p-23 * Double(sum), "\(place), coordinate \(i) of head \(h)")
      }
    }
    return true
  }
}
