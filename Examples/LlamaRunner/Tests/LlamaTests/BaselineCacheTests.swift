import Testing

@testable import Llama

/// The caches in formats of other projects.
@Suite struct BaselineCacheTests {
  static let shape = CacheShape(queryHeads: 4, keyValueHeads: 2, headDimension: 64)
  static let formats: [(keys: RowFormat, values: RowFormat)] = [
    (.q8, .q8), (.q4, .q4), (.rotatedQ4, .rotatedQ4), (.int4, .int4), (.q4, .float32),
    (.int4, .q8), (.float32, .int4),
  ]

  static func cache(_ format: (keys: RowFormat, values: RowFormat)) throws -> any LayerCache {
    try CacheSetting.baseline(keys: format.keys, values: format.values, name: "").make(shape, 0)
  }

  /// Rows of each head, `[heads][tokens × dimension]`.
  struct Text {
    var keys: [[Float]]
    var values: [[Float]]
    let queries: [Float]

    init(tokens: Int, seed: UInt64 = 1) {
      var generator = SeededGenerator(seed: seed)
      func heads() -> [[Float]] { (0..<2).map { _ in randomFloats(tokens * 64, &generator) } }
      (keys, values, queries) = (heads(), heads(), randomFloats(4 * 64, &generator))
    }

    func append(_ tokens: Range<Int>, to cache: inout any LayerCache) throws {
      func part(_ heads: [[Float]]) -> [Float] {
        heads.flatMap { $0[tokens.lowerBound * 64..<tokens.upperBound * 64] }
      }
      try cache.append(keys: part(keys), values: part(values), tokens: tokens.count)
    }
  }

  /// What is read of one head's keys once groups of the given sizes have closed; the rest is float16.
  static func readByChannel(_ keys: [Float], groups: [Range<Int>]) -> [Float] {
    var result = keys.map(HalfPrecision.rounded)
    for group in groups {
      for channel in 0..<64 {
        let column = group.map { HalfPrecision.rounded(keys[$0 * 64 + channel]) }
        for (token, number) in zip(group, Int4Group(column).numbers) {
          result[token * 64 + channel] = number
        }
      }
    }
    return result
  }

  @Test("Attention is that over what the formats give back", arguments: formats.indices)
  func attention(index: Int) throws {
    let format = Self.formats[index]
    let text = Text(tokens: 70)
    var cache = try Self.cache(format)
    try text.append(0..<70, to: &cache)
    let keys = try text.keys.map { keys in
      format.keys == .int4
        ? Self.readByChannel(keys, groups: [0..<32, 32..<64])
        : try format.keys.decoded(keys, dimension: 64)
    }
    let values = try text.values.map { try format.values.decoded($0, dimension: 64) }
    let expected = CacheTests.attention(
      Self.shape, queries: text.queries, tokens: 1, keys: keys, values: values, scale: 0.5)
    let found = try cache.attend(queries: text.queries, tokens: 1, scale: 0.5)
    // As for exact caches, of keys and values up to 1.2 for an error of a step.
    #expect(largestDifference(found, expected) <= 1.2 * 1.2 * 1.3e-4)
  }

  @Test("Tokens are stored alike one by one and at once", arguments: formats.indices)
  func online(index: Int) throws {
    let text = Text(tokens: 70)
    var (whole, steps) = (try Self.cache(Self.formats[index]), try Self.cache(Self.formats[index]))
    try text.append(0..<70, to: &whole)
    var start = 0
    for length in [1, 1, 29, 3, 30, 1, 5] {
      try text.append(start..<start + length, to: &steps)
      start += length
    }
    #expect(steps.count == 70 && steps.byteCount == whole.byteCount)
    #expect(
      try steps.attend(queries: text.queries, tokens: 1, scale: 0.5)
        == whole.attend(queries: text.queries, tokens: 1, scale: 0.5))
  }

  @Test("The latest keys by channel are float16 until 32 of them close a group")
  func openGroup() throws {
    let text = Text(tokens: 33)
    var cache = try Self.cache((.int4, .float32))
    for token in 0..<33 {
      try text.append(token..<token + 1, to: &cache)
      let closed = token < 31 ? [] : [0..<32]
      let keys = text.keys.map {
        Self.readByChannel(Array($0.prefix((token + 1) * 64)), groups: closed)
      }
      let values = text.values.map { Array($0.prefix((token + 1) * 64)) }
      let expected = CacheTests.attention(
        Self.shape, queries: text.queries, tokens: 1, keys: keys, values: values, scale: 0.5)
      let found = try cache.attend(queries: text.queries, tokens: 1, scale: 0.5)
      #expect(largestDifference(found, expected) <= 1.2 * 1.3e-4, "\(token)")
      let open = token < 31 ? token + 1 : token - 31
      let closedBytes = closed.count * 64 * (4 + 16)
      #expect(cache.byteCount == 2 * (closedBytes + open * 64 * 2 + (token + 1) * 64 * 4))
    }
  }

  @Test("A truncated group keeps its codes, and later tokens begin another")
  func truncation() throws {
    var text = Text(tokens: 70)
    let other = Text(tokens: 70, seed: 2)
    var cache = try Self.cache((.int4, .float32))
    try text.append(0..<70, to: &cache)
    try cache.truncate(to: 66)  // Inside the open group.
    #expect(cache.byteCount == 2 * (2 * 64 * 20 + 2 * 64 * 2 + 66 * 256))
    try cache.truncate(to: 39)  // Inside the second closed group.
    #expect(cache.byteCount == 2 * (64 * 20 + 64 * (4 + 4) + 39 * 256))
    try other.append(39..<70, to: &cache)
    let before = text.keys.map { Self.readByChannel($0, groups: [0..<32, 32..<64]) }
    for head in 0..<2 {
      text.keys[head] =
        before[head].prefix(39 * 64)
        + other.keys[head].dropFirst(39 * 64).map(HalfPrecision.rounded)
      text.values[head].replaceSubrange((39 * 64)..., with: other.values[head].dropFirst(39 * 64))
    }
    let expected = CacheTests.attention(
      Self.shape, queries: text.queries, tokens: 1, keys: text.keys, values: text.values, scale: 0.5
    )
    let found = try cache.attend(queries: text.queries, tokens: 1, scale: 0.5)
    #expect(largestDifference(found, expected) <= 1.2 * 1.3e-4)
    try cache.truncate(to: 0)
    #expect(cache.count == 0 && cache.byteCount == 0)
  }

  @Test("What cannot be stored is refused, and nothing changes", arguments: formats.indices)
  func refused(index: Int) throws {
    let format = Self.formats[index]
    let text = Text(tokens: 40)
    var cache = try Self.cache(format)
    try text.append(0..<40, to: &cache)
    let before = try cache.attend(queries: text.queries, tokens: 1, scale: 0.5)
    let row = [Float](repeating: 1, count: 128)
    #expect(throws: CacheError.length(what: "keys", expected: 256, found: 128)) {
      try cache.append(keys: row, values: row + row, tokens: 2)
    }
    #expect(throws: CacheError.length(what: "values", expected: 128, found: 256)) {
      try cache.append(keys: row, values: row + row, tokens: 1)
    }
    for bad: Float in [1e30, .nan, .infinity] {
      let wrong = [bad] + row.dropFirst()
      for (isKey, format) in [(true, format.keys), (false, format.values)]
      where format != .float32 {
        #expect(throws: CacheError.self) {
          try cache.append(keys: isKey ? wrong : row, values: isKey ? row : wrong, tokens: 1)
        }
      }
    }
    for count in [-1, 41] {
      #expect(throws: CacheError.truncation(to: count, held: 40)) { try cache.truncate(to: count) }
    }
    #expect(cache.count == 40)
    #expect(try cache.attend(queries: text.queries, tokens: 1, scale: 0.5) == before)
  }

  @Test("With the model: more bits lose less, and the bytes are those of the formats")
  func evaluation() throws {
    let model = try Shipped.model()
    let names = ["q8_0", "kivi-4", "q4_0-rotated", "q4_0", "q4_0/32", "8", "4", "32/q4_0"]
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: EvaluationTests.windows(),
      settings: [.float32] + names.map { try CacheSetting($0, for: model) })
    // KIVI's 200 tokens: keys of 6 groups of 32 at 5 bits, of 8 tokens at 16; values at 5.
    let kivi = Double(192 * 5 + 8 * 16 + 200 * 5) / 400
    #expect(
      results.map(\.bitsPerCoordinate) == [32, 8.5, kivi, 4.5, 4.5, 18.25, 8.5, 4.5, 18.25])
    for (result, name) in zip(results.dropFirst(), names) { #expect(result.name == name) }
    let divergence = Dictionary(uniqueKeysWithValues: results.map { ($0.name, $0.divergence.mean) })
    func ordered(_ less: String, _ more: String) -> Bool {
      (divergence[less] ?? .nan) < (divergence[more] ?? .nan) / 1.5
    }
    #expect(ordered("q8_0", "kivi-4") && ordered("kivi-4", "q4_0") && ordered("8", "4"))
    #expect(results[0].agreement.mean == 1)
    for result in results.dropFirst() {
      #expect(result.agreement.mean > 0.8 && result.agreement.mean < 1, "\(result.name)")
      let windows = result.windowDivergences
      #expect(windows.count == 3)
      // The mean of equally long windows, summed in another order.
      #expect(abs(windows.reduce(0, +) / 3 - result.divergence.mean) < 1e-12)
    }
  }

  @Test(
    "Settings that mix what does not go together are refused by name",
    arguments: [
      ("q4_0/3", "not with codes"), ("16/q8_0", "not with codes"), ("q4_0,sinks=4", "sinks=4"),
      ("q8_0/q4_0,center=mean", "center=mean"), ("kivi-4,seed=1", "seed=1"),
      ("q4_0,keys=polar", "keys=polar"), ("q4_0/q4_0/q4_0", "is no rate"), ("q5_0", "is no rate"),
      ("kivi", "is no rate"), ("4,uneven", "NAME=VALUE"), ("4,bias=0", "bias=0"),
      ("4,bias=-1", "bias=-1"), ("q4_0,bias=nan", "bias=nan"), ("4,bias=inf", "bias=inf"),
      ("4,bias=1,bias=2", "bias is in"),
    ])
  func settings(_ text: String, named: String) throws {
    let model = try Shipped.model()
    let error = #expect(throws: SettingError.self) { try CacheSetting(text, for: model) }
    #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
  }

  @Test("Heads that do not fill blocks are refused")
  func blocks() throws {
    #expect(throws: SettingError.self) { try SettingWords("q4_0/32").baselines(dimension: 80) }
    let formats = try SettingWords("q4_0/32").baselines(dimension: 96)
    #expect(formats?.keys == .q4 && formats?.values == .float32)
  }
}
