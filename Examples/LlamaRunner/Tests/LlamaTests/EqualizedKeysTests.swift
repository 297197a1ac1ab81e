import Testing
import TurboQuantKVCache

@testable import Llama

/// The metric of keys around caches of other projects.
@Suite struct EqualizedKeysTests {
  static let shape = CacheShape(queryHeads: 4, keyValueHeads: 2, headDimension: 8)

  /// Metrics with factors between 1/2 and 2, and others within ±1/8.
  static func metric(_ kind: KVEqualization.Kind) throws -> KVEqualization {
    var generator = SeededGenerator(seed: 1)
    let heads = (0..<2).map { _ in
      (0..<8).flatMap { row in
        [Float.random(in: 0.5...2, using: &generator)]
          + (kind == .matrix ? randomFloats(7 - row, &generator).map { $0 / 8 } : [])
      }
    }
    return try KVEqualization(kind, heads: heads)
  }

  /// T of a head as a full matrix.
  static func square(_ metric: KVEqualization, head: Int) -> [[Double]] {
    var numbers = metric.heads[head].map { Double($0) }[...]
    return (0..<8).map { i in
      (0..<8).map { j in
        if metric.kind == .diagonal { return i == j ? numbers.removeFirst() : 0 }
        return j < i ? 0 : numbers.removeFirst()
      }
    }
  }

  @Test("Keys are T·k, and exact attention stays", arguments: KVEqualization.Kind.allCases)
  func definition(kind: KVEqualization.Kind) throws {
    var generator = SeededGenerator(seed: 4)
    let (keys, values) = (randomFloats(48, &generator), randomFloats(48, &generator))
    let queries = randomFloats(96, &generator)
    let metric = try Self.metric(kind)
    let seen = SpyCache.Seen()
    var exact = FloatCache(shape: Self.shape)
    var cache = EqualizedKeys(SpyCache(exact: exact, seen: seen), shape: Self.shape, metric)
    try exact.append(keys: keys, values: values, tokens: 3)
    try cache.append(keys: keys, values: values, tokens: 3)
    let expected = (0..<6).flatMap { row in
      Self.square(metric, head: row / 3).map { t in
        Float((0..<8).reduce(0.0) { $0 + t[$1] * Double(keys[row * 8 + $1]) })
      }
    }
    #expect(seen.keys == expected && seen.keys != keys)
    // Keys and queries are rounded once: 8 products below 2^4, each wrong by 2 × 2^-24 of itself, beside the
    // rounding of their sum. Weights are wrong by twice that, and values are below 1.
    let found = try cache.attend(queries: queries, tokens: 3, scale: 0.3)
    let plain = try exact.attend(queries: queries, tokens: 3, scale: 0.3)
    #expect(largestDifference(found, plain) <= 2 * 8 * 16 * 10 * 0x1p-24)
    #expect(cache.count == 3 && cache.byteCount == exact.byteCount)
    #expect(throws: CacheError.self) { try cache.append(keys: keys, values: values, tokens: 2) }
    #expect(throws: CacheError.self) { try cache.attend(queries: keys, tokens: 3, scale: 1) }
    try cache.truncate(to: 1)
    #expect(cache.count == 1)
  }

  @Test("One pass from the first token is recorded; anything else is refused")
  func recording() throws {
    var recorded: [([Float], [Float])] = []
    var cache: any LayerCache = RecordingCache(shape: Self.shape) { recorded.append(($0, $1)) }
    var exact = FloatCache(shape: Self.shape)
    var generator = SeededGenerator(seed: 4)
    let (keys, queries) = (randomFloats(32, &generator), randomFloats(64, &generator))
    try cache.append(keys: keys, values: keys, tokens: 2)
    try exact.append(keys: keys, values: keys, tokens: 2)
    #expect(
      try cache.attend(queries: queries, tokens: 2, scale: 1)
        == exact.attend(queries: queries, tokens: 2, scale: 1))
    #expect(recorded.count == 1 && recorded[0].0 == keys && recorded[0].1 == queries)
    #expect(throws: CacheError.queries(tokens: 1, held: 2)) {
      try cache.attend(queries: Array(queries.prefix(32)), tokens: 1, scale: 1)
    }
    try cache.append(
      keys: Array(keys.prefix(16)), values: Array(keys.prefix(16)), tokens: 1)
    #expect(throws: CacheError.queries(tokens: 3, held: 3)) {
      try cache.attend(queries: queries + queries.prefix(32), tokens: 3, scale: 1)
    }
    #expect(recorded.count == 1 && cache.byteCount == 3 * 16 * 8)
    try cache.truncate(to: 0)
    #expect(cache.count == 0)
  }
}
