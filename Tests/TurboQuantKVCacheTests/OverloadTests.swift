import TestSupport
import Testing
import TurboQuant
import TurboQuantKVCache

/// Arrays, spans and half-precision floats say the same to a cache.
@Suite struct OverloadTests {
  static let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 24, valueDimension: 16)
  static let tokens = 40

  private static func cache(_ change: (inout KVConfiguration) -> Void = { _ in }) throws -> KVCache
  {
    var configuration = KVConfiguration(shape: shape, keys: .bits(4), values: .bits(3))
    change(&configuration)
    return KVCache(try KVCodec(configuration))
  }

  /// Keys, values and queries of two tokens.
  private static func floats() -> (keys: [Float], values: [Float], queries: [Float]) {
    var dice = Dice(seed: 71)
    return (dice.normals(2 * tokens * 24), dice.normals(2 * tokens * 16), dice.normals(4 * 2 * 24))
  }

  /// What the form with spans finds, which the other suites hold against double precision.
  private static func bySpans(
    _ keys: [Float], _ values: [Float], _ queries: [Float], scale: Float?
  ) throws -> [Float] {
    var cache = try cache()
    try cache.append(keys: keys.span, values: values.span)
    var output = [Float](repeating: .nan, count: 4 * 2 * 16)
    var target = output.mutableSpan
    try cache.attend(queries.span, into: &target, scale: scale)
    return output
  }

  @Test(arguments: [nil, 0.3] as [Float?]) func arrays(scale: Float?) throws {
    let (keys, values, queries) = Self.floats()
    let expected = try Self.bySpans(keys, values, queries, scale: scale)
    var cache = try Self.cache()
    try cache.append(keys: keys, values: values, at: 0, threads: 2)
    #expect(try cache.attend(queries, scale: scale, threads: 2) == expected)
    #expect(try cache.attend(queries.span, scale: scale, threads: 2) == expected)
    var output = [Float](repeating: .nan, count: expected.count)
    try cache.attend(queries, into: &output, scale: scale)
    #expect(output == expected)
    #expect(try cache.attend([]) == [])
    try cache.append(keys: [], values: [])
    #expect(cache.count == Self.tokens)
  }

  @Test("Arrays are refused as spans are, and change nothing") func refusals() throws {
    let (keys, values, queries) = Self.floats()
    var cache = try Self.cache { $0.slidingWindow = 8 }
    try cache.append(keys: keys, values: values)
    func refused(_ kind: KVCacheError.Kind, _ body: (inout KVCache) throws -> Void) {
      #expect(#expect(throws: KVCacheError.self) { try body(&cache) }?.kind == kind)
    }
    refused(.outOfOrder(position: 3, expected: 40)) {
      try $0.append(keys: keys, values: values, at: 3)
    }
    refused(.lengthMismatch(found: 1, expected: 0)) { try $0.append(keys: [1], values: values) }
    refused(.lengthMismatch(found: 1, expected: 0)) { _ = try $0.attend([1]) }
    refused(.notFinite(head: 0, token: 0, coordinate: 0)) {
      _ = try $0.attend([.nan] + queries.dropFirst())
    }
    refused(.notOffered) { _ = try $0.attend(queries, scale: .infinity) }
    let many = [Float](repeating: 1, count: 4 * 41 * 24)
    refused(.tooManyTokens(asked: 41, held: 40)) { _ = try $0.attend(many) }
    var output: [Float] = [1, 2, 3]
    refused(.lengthMismatch(found: 3, expected: 4 * 2 * 16)) {
      try $0.attend(queries, into: &output)
    }
    #expect(output == [1, 2, 3] && cache.count == 40)
    for _ in 0..<20 { try cache.append(keys: keys, values: values) }
    let all = [Float](repeating: 1, count: 4 * 800 * 24)
    refused(.forgotten(before: 768)) { _ = try $0.attend(all) }
  }

  #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    @Test("Half-precision floats are their float32 values") func float16() throws {
      let (keys, values, queries) = Self.floats()
      let (k, v, q) = (keys.map(Float16.init), values.map(Float16.init), queries.map(Float16.init))
      let expected = try Self.bySpans(
        k.map(Float.init), v.map(Float.init), q.map(Float.init), scale: 0.2)
      var caches = [try Self.cache(), try Self.cache()]
      try caches[0].append(keys: k, values: v, at: 0, threads: 2)
      try caches[1].append(keys: k.span, values: v.span, at: 0)
      for cache in caches {
        #expect(try cache.attend(q, scale: 0.2) == expected)
        var output = [Float](repeating: .nan, count: expected.count)
        var target = output.mutableSpan
        try cache.attend(q.span, into: &target, scale: 0.2, threads: 2)
        #expect(output == expected)
      }
      let error = #expect(throws: KVCacheError.self) {
        try caches[0].append(keys: k.dropLast() + [.infinity], values: v)
      }
      #expect(error?.kind == .notFinite(head: 1, token: Self.tokens - 1, coordinate: 23))
      #expect(throws: KVCacheError.self) { try caches[0].append(keys: k, values: v, at: 7) }
      #expect(throws: KVCacheError.self) { _ = try caches[0].attend([Float16.nan]) }
      #expect(caches[0].count == Self.tokens)
    }
  #endif
}
