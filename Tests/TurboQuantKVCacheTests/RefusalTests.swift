import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantKVCache

@Suite struct RefusalTests {
  static let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 8, valueDimension: 6)

  static func cache(_ change: (inout KVConfiguration) -> Void = { _ in }) throws -> KVCache {
    var configuration = KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4))
    change(&configuration)
    return KVCache(try KVCodec(configuration))
  }

  @Test(
    "Impossible configurations name what is wrong",
    arguments: [
      ("query heads", KVShape(queryHeads: 0, keyValueHeads: 1, keyDimension: 8)),
      ("multiple of 2", KVShape(queryHeads: 3, keyValueHeads: 2, keyDimension: 8)),
      ("key dimension", KVShape(queryHeads: 2, keyValueHeads: 2, keyDimension: -1)),
      (
        "value dimension",
        KVShape(queryHeads: 2, keyValueHeads: 2, keyDimension: 8, valueDimension: 0)
      ),
    ])
  func shapes(_ name: String, _ shape: KVShape) {
    let error = #expect(throws: KVCacheError.self) {
      try KVCodec(KVConfiguration(shape: shape, keys: .float16, values: .float16))
    }
    #expect(error?.description.contains(name) == true && error?.kind == .shape)
  }

  @Test("Settings that are not offered are refused") func settings() {
    let cases: [(String, (inout KVConfiguration) -> Void)] = [
      ("values", { $0.values = .codes(.bits(3), quantizer: .twoStage()) }),
      ("values", { $0.values = .codes(.bits(4), quantizer: .polar(bits: [4, 2])) }),
      ("keys", { $0.keys = .codes(.bits(2), quantizer: .polar()) }),
      ("levels", { $0.keys = .codes(.bits(4), quantizer: .polar(bits: [])) }),
      ("longer", { $0.keys = .codes(.bits(4), quantizer: .polar()) }),
      (
        "estimator",
        {
          $0.keys = .codes(
            .bits(4), quantizer: .polar(bits: [4, 2]), estimator: .renormalized)
        }
      ),
      ("outliers", { $0.keys = .sketches(directions: 8, outliers: 0, outlierDirections: 8) }),
      ("directions", { $0.keys = .sketches(directions: 0, outliers: 1, outlierDirections: 8) }),
      ("bits", { $0.keys = .bits(9) }),
      ("estimator", { $0.keys = .codes(.bits(3), estimator: .twoStage) }),
      ("sinks", { $0.sinks = -1 }), ("a centre after 0 tokens", { $0.centerTokens = 0 }),
      ("window", { $0.window = 1 << 30 }),
      ("cap", { $0.logitCap = 0 }), ("sliding window", { $0.slidingWindow = 0 }),
      ("outliers", { $0.keys = .outliers(bits: 8) }),
      ("outliers", { $0.values = .outliers(bits: 0) }),
      ("sink logits", { $0.sinkLogits = [1] }),
      (
        "frequencies",
        { $0.centering = .rotaryMean(RotaryEmbedding(frequencies: [1, 1, 1, 1, 1])) }
      ),
    ]
    for (name, change) in cases {
      let error = #expect(throws: KVCacheError.self) { _ = try Self.cache(change) }
      #expect(error?.description.contains(name) == true, "\(name): \(error?.description ?? "")")
    }
    #expect(KVPrecision(bitsPerCoordinate: 0.5) == nil && KVPrecision(bitsPerCoordinate: 9) == nil)
    #expect(
      KVPrecision(bitsPerCoordinate: 2.3) == nil && KVPrecision(bitsPerCoordinate: 16) == .float16)
  }

  @Test("Bad calls are refused and change nothing") func calls() throws {
    var cache = try Self.cache { $0.window = 2 }
    let (keys, values) = (
      [Float](repeating: 1, count: 2 * 3 * 8), [Float](repeating: 1, count: 2 * 3 * 6)
    )
    try cache.append(keys: keys.span, values: values.span)
    let query = [Float](repeating: 1, count: 4 * 8)
    let (before, memory) = (try cache.attended(query), cache.memory)
    func refused(_ kind: KVCacheError.Kind, _ body: (inout KVCache) throws -> Void) {
      let error = #expect(throws: KVCacheError.self) { try body(&cache) }
      #expect(error?.kind == kind)
    }
    refused(.lengthMismatch(found: 47, expected: 32)) {
      try $0.append(keys: keys.span.extracting(droppingLast: 1), values: values.span)
    }
    refused(.lengthMismatch(found: 24, expected: 36)) {
      try $0.append(keys: keys.span, values: values.span.extracting(droppingLast: 12))
    }
    refused(.outOfOrder(position: 4, expected: 3)) {
      try $0.append(keys: keys.span, values: values.span, at: 4)
    }
    for value in [Float.nan, .infinity, -.infinity, 0x1p96] {
      var bad = keys
      bad[29] = value  // head 1, token 0, coordinate 5
      refused(.notFinite(head: 1, token: 0, coordinate: 5)) {
        try $0.append(keys: bad.span, values: values.span)
      }
      var badValues = values
      badValues[35] = value
      refused(.notFinite(head: 1, token: 2, coordinate: 5)) {
        try $0.append(keys: keys.span, values: badValues.span)
      }
    }
    refused(.tooManyTokens(asked: 4, held: 3)) { try $0.truncate(to: 4) }
    refused(.tooManyTokens(asked: -1, held: 3)) { try $0.truncate(to: -1) }
    let many = [Float](repeating: 1, count: 4 * 4 * 8)
    refused(.tooManyTokens(asked: 4, held: 3)) { _ = try $0.attended(many) }
    let bad = [Float](repeating: .nan, count: 4 * 8)
    refused(.notFinite(head: 0, token: 0, coordinate: 0)) { _ = try $0.attended(bad) }
    refused(.lengthMismatch(found: 23, expected: 24)) {
      var output = [Float](repeating: 0, count: 23)
      var target = output.mutableSpan
      try $0.attend(query.span, into: &target)
    }
    #expect(try cache.attended(query) == before && cache.memory == memory && cache.count == 3)
  }

  @Test("No tokens, no queries") func nothing() throws {
    var cache = try Self.cache()
    let none: [Float] = []
    try cache.append(keys: none.span, values: none.span)
    #expect(cache.count == 0 && cache.memory.total == 0)
    #expect(try cache.attended([]) == [])
    try cache.truncate(to: 0)
  }

  @Test("Bytes are those counted by hand") func memory() throws {
    let n = 32_768
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 128),
      keys: .codes(Rate(bitsPerCoordinate: 3.5)!), values: .bits(4))
    configuration.sinks = 4
    configuration.window = 64
    configuration.centering = .mean
    var cache = KVCache(try KVCodec(configuration))
    var dice = Dice(seed: 2)
    let block = dice.normals(1024 * 128)
    for _ in 0..<n / 1024 { try cache.append(keys: block.span, values: block.span) }
    // 64 coordinates of 4 bits, 64 of 3, one float32; 128 of 4 bits, one float32.
    let coded = n - 68
    #expect(cache.memory.keyBytes == coded * (32 + 24 + 4))
    #expect(cache.memory.valueBytes == coded * (64 + 4))
    #expect(cache.memory.exactBytes == 68 * 2 * 256 && cache.memory.centerBytes == 2 * 512)
    let keyBytes = Double(cache.memory.keyBytes + 68 * 256 + 512) / Double(n)
    #expect(256 / keyBytes >= 4.2, "\(keyBytes) bytes a key")
  }
}
