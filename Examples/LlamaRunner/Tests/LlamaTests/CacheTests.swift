import Foundation
import Testing

@testable import Llama

@Suite struct CacheTests {
  static let shapes = [
    CacheShape(queryHeads: 1, keyValueHeads: 1, headDimension: 2),
    CacheShape(queryHeads: 4, keyValueHeads: 2, headDimension: 64),
    CacheShape(queryHeads: 6, keyValueHeads: 2, headDimension: 20),
    CacheShape(queryHeads: 3, keyValueHeads: 3, headDimension: 16),
  ]

  /// Attention by its definition, in double precision.
  static func attention(
    _ shape: CacheShape, queries: [Float], tokens: Int, keys: [[Float]], values: [[Float]],
    scale: Float
  ) -> [Float] {
    let (dimension, held) = (shape.headDimension, keys[0].count / shape.headDimension)
    var result: [Float] = []
    for head in 0..<shape.queryHeads {
      let group = head / (shape.queryHeads / shape.keyValueHeads)
      for token in 0..<tokens {
        let query = (head * tokens + token) * dimension
        let scores = (0...held - tokens + token).map { other in
          (0..<dimension).reduce(0.0) {
            $0 + Double(queries[query + $1]) * Double(keys[group][other * dimension + $1])
          } * Double(scale)
        }
        let top = scores.max() ?? 0
        let weights = scores.map { exp($0 - top) }
        let total = weights.reduce(0, +)
        for index in 0..<dimension {
          let sum = weights.enumerated().reduce(0.0) {
            $0 + $1.element * Double(values[group][$1.offset * dimension + index])
          }
          result.append(Float(sum / total))
        }
      }
    }
    return result
  }

  @Test("Attention is that of the definition", arguments: shapes, [1, 5, 49, 130])
  func definition(shape: CacheShape, tokens: Int) throws {
    var generator = SeededGenerator(seed: 7)
    var cache = FloatCache(shape: shape)
    var keys = [[Float]](repeating: [], count: shape.keyValueHeads)
    var values = keys
    // Two runs: the second's queries see the first's tokens.
    for run in [23, tokens] {
      let length = run * shape.headDimension
      let newKeys = keys.map { _ in randomFloats(length, &generator) }
      let newValues = keys.map { _ in randomFloats(length, &generator) }
      for head in keys.indices {
        keys[head] += newKeys[head]
        values[head] += newValues[head]
      }
      try cache.append(
        keys: Array(newKeys.joined()), values: Array(newValues.joined()), tokens: run)
    }
    let queries = randomFloats(shape.queryHeads * tokens * shape.headDimension, &generator)
    let found = try cache.attend(queries: queries, tokens: tokens, scale: 0.5)
    let expected = Self.attention(
      shape, queries: queries, tokens: tokens, keys: keys, values: values, scale: 0.5)
    #expect(found.count == expected.count)
    // Scores are sums of at most 64 products below 1, rounded 64 times: at most 64 × 32 × 2^-24
    // = 1.2e-4 wrong; weights are wrong by that share, and values are below 1.
    #expect(largestDifference(found, expected) <= 1.3e-4)
  }

  @Test("Wrong lengths and counts are refused")
  func refused() throws {
    let shape = CacheShape(queryHeads: 4, keyValueHeads: 2, headDimension: 8)
    var cache = FloatCache(shape: shape)
    let row = [Float](repeating: 1, count: 16)
    #expect(throws: CacheError.length(what: "keys", expected: 32, found: 16)) {
      try cache.append(keys: row, values: row, tokens: 2)
    }
    #expect(throws: CacheError.length(what: "values", expected: 16, found: 15)) {
      try cache.append(keys: row, values: Array(row.dropLast()), tokens: 1)
    }
    #expect(throws: CacheError.queries(tokens: 1, held: 0)) {
      try cache.attend(queries: row + row, tokens: 1, scale: 1)
    }
    try cache.append(keys: row, values: row, tokens: 1)
    #expect(throws: CacheError.length(what: "queries", expected: 32, found: 16)) {
      try cache.attend(queries: row, tokens: 1, scale: 1)
    }
    for count in [-1, 2] {
      #expect(throws: CacheError.truncation(to: count, held: 1)) { try cache.truncate(to: count) }
    }
    #expect(cache.count == 1)
  }

  @Test("A cache that throws leaves all as they were")
  func rollBack() throws {
    struct Refusal: Error {}
    struct Refusing: LayerCache {
      var count = 0
      var byteCount: Int { 0 }
      mutating func append(keys: [Float], values: [Float], tokens: Int) throws { throw Refusal() }
      func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] { [] }
      mutating func truncate(to count: Int) throws {}
    }
    let model = try Shipped.model()
    let shape = model.configuration.cacheShape
    var caches = model.makeCaches { layer -> any LayerCache in
      layer == 2 ? Refusing() : FloatCache(shape: shape)
    }
    #expect(throws: Refusal.self) { try model.forward([1, 2, 3], caches: &caches) }
    #expect(caches.map(\.count) == [0, 0, 0, 0])
  }

  @Test("Requests that cannot be served are refused")
  func modelErrors() throws {
    let model = try Shipped.model()
    var caches = model.makeFloatCaches()
    #expect(throws: ModelError.noTokens) { try model.forward([], caches: &caches) }
    for token in [-1, 4_096] {
      #expect(throws: ModelError.token(token, vocabularySize: 4_096)) {
        try model.forward([token], caches: &caches)
      }
    }
    #expect(throws: ModelError.context(tokens: 1_025, limit: 1_024)) {
      try model.forward([Int](repeating: 5, count: 1_025), caches: &caches)
    }
    caches.removeLast()
    #expect(throws: ModelError.caches(expected: 4, counts: [0, 0, 0])) {
      try model.forward([1], caches: &caches)
    }
  }
}
