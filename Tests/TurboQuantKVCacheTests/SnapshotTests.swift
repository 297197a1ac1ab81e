import TestSupport
import Testing
@testable import TurboQuant
import TurboQuantKernels
import TurboQuantStorage

@testable import TurboQuantKVCache

/// A snapshot is the cache, in every respect; anything else is refused.
@Suite struct SnapshotTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  static let rotary = RotaryEmbedding(frequencies: [1, 0.3, 0.1, 0.03])

  static let configurations: [KVConfiguration] = {
    let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 48, valueDimension: 32)
    func make(
      _ keys: KVPrecision, _ values: KVPrecision,
      _ change: (inout KVConfiguration) -> Void = { _ in }
    ) -> KVConfiguration {
      var configuration = KVConfiguration(shape: shape, keys: keys, values: values)
      change(&configuration)
      return configuration
    }
    return [
      make(.bits(4), .bits(3)),
      make(.bits(8), .codes(Rate(halfBits: 5))) { $0.sinks = 2 },
      make(.codes(.bits(3), quantizer: .twoStage(sketch: .orthogonal)), .float16) { $0.window = 5 },
      make(.codes(.bits(2), quantizer: .qjl()), .float32),
      make(.outliers(bits: 2), .outliers(bits: 3, estimator: .matchedNorm)) { $0.window = 3 },
      make(.bits(1), .bits(2)) {
        ($0.sinks, $0.window, $0.centering) = (3, 7, .rotaryMean(rotary))
      },
      make(.codes(.bits(4), quantizer: .polar(bits: [4, 2])), .bits(2)),
      make(.sketches(directions: 40, outliers: 3, outlierDirections: 24), .float32),
    ]
  }()

  /// A cache of `tokens` tokens of this configuration.
  private func cache(_ configuration: KVConfiguration, tokens: Int) throws -> KVCache {
    var dice = Dice(seed: UInt64(tokens))
    var cache = KVCache(try KVCodec(configuration))
    let (keys, values) = (dice.normals(2 * tokens * 48), dice.normals(2 * tokens * 32))
    try cache.append(keys: keys.span, values: values.span)
    return cache
  }

  @Test(arguments: configurations) func reopened(_ configuration: KVConfiguration) throws {
    let path = scratch.file("cache.tqkv")
    for tokens in isOptimizedBuild ? [0, 1, 3, 255, 256, 300, 700] : [3] {
      let cache = try cache(configuration, tokens: tokens)
      try cache.save(to: path)
      var again = try KVCache(opening: path, codec: cache.codec)
      #expect(again.count == tokens && again.memory == cache.memory)
      guard tokens > 0 else { continue }
      var dice = Dice(seed: 1)
      let queries = dice.normals(4 * 48)
      #expect(try again.attended(queries) == cache.attended(queries), "\(tokens) tokens")
      // The same bytes again, from the mapped file, over it.
      let first = try scratch.read("cache.tqkv")
      try again.save(to: path)
      #expect(try scratch.read("cache.tqkv") == first)
      // It goes on as the other does, and leaves the file alone.
      var other = cache
      let more = (dice.normals(2 * 10 * 48), dice.normals(2 * 10 * 32))
      try again.append(keys: more.0.span, values: more.1.span)
      try other.append(keys: more.0.span, values: more.1.span)
      try again.truncate(to: tokens / 2 + 5)
      try other.truncate(to: tokens / 2 + 5)
      #expect(try again.attended(queries) == other.attended(queries), "\(tokens) tokens, changed")
      #expect(try scratch.read("cache.tqkv") == first)
    }
  }

  @Test("A truncated page leaves nothing of what was there") func nothingIsLeftBehind() throws {
    let codec = try KVCodec(Self.configurations[0])
    var (long, short) = (KVCache(codec), KVCache(codec))
    var dice = Dice(seed: 5)
    let (keys, values) = (dice.normals(2 * 20 * 48), dice.normals(2 * 20 * 32))
    try long.append(keys, values, 0..<20, of: 20)
    try long.truncate(to: 8)
    try short.append(keys, values, 0..<8, of: 20)
    try long.save(to: scratch.file("long"))
    try short.save(to: scratch.file("short"))
    #expect(try scratch.read("long") == scratch.read("short"))
  }

  @Test("What the first append decided is kept, even without a token of it") func decisions() throws
  {
    for number in [4, 5] {
      var configuration = Self.configurations[number]
      configuration.sinks = 3
      var cache = try cache(configuration, tokens: 50)
      try cache.truncate(to: 2)
      try cache.save(to: scratch.file("cache.tqkv"))
      var again = try KVCache(opening: scratch.file("cache.tqkv"), codec: cache.codec)
      var dice = Dice(seed: 3)
      let (keys, values) = (dice.normals(2 * 20 * 48), dice.normals(2 * 20 * 32))
      try again.append(keys: keys.span, values: values.span)
      try cache.append(keys: keys.span, values: values.span)
      let queries = dice.normals(4 * 48)
      #expect(try again.attended(queries) == cache.attended(queries))
      #expect(again.memory == cache.memory)
    }
  }

  @Test("Another configuration is refused by name") func otherConfigurations() throws {
    let path = scratch.file("cache.tqkv")
    try cache(Self.configurations[0], tokens: 5).save(to: path)
    let changes: [(String, (inout KVConfiguration) -> Void)] = [
      ("keys", { $0.keys = .bits(3) }), ("values", { $0.values = .float16 }),
      ("seed", { $0.seed = 1 }), ("window", { $0.window = 1 }),
      ("centring", { $0.centering = .mean }),
      (
        "key dimension",
        {
          $0.shape = KVShape(
            queryHeads: 4, keyValueHeads: 2, keyDimension: 64, valueDimension: 32)
        }
      ),
      ("estimator", { $0.keys = .codes(.bits(4), estimator: .matchedNorm) }),
    ]
    for (name, change) in changes {
      var configuration = Self.configurations[0]
      change(&configuration)
      let codec = try KVCodec(configuration)
      let error = #expect(throws: KVCacheError.self) { try KVCache(opening: path, codec: codec) }
      let text = error?.description ?? ""
      #expect(text.contains(name == "estimator" ? "keys" : name) && text.contains(path), "\(text)")
    }
    let codec = try KVCodec(Self.configurations[0])
    #expect(throws: KVCacheError.self) { try KVCache(opening: scratch.file("none"), codec: codec) }
    #expect(throws: KVCacheError.self) {
      try KVCache(opening: path, codec: codec).save(to: scratch.file("no/folder"))
    }
  }

  @Test("Every byte changed, every length cut", arguments: [(0, 12), (4, 12), (5, 12), (5, 48)])
  func damage(_ number: Int, _ tokens: Int) throws {
    // Twelve tokens are too few for a centre.
    let good = try cache(Self.configurations[number], tokens: tokens)
    try good.save(to: scratch.file("good.tqkv"))
    let bytes = try scratch.read("good.tqkv")
    // Most of a small file is unused space in its pages: test all bytes outside, and some inside.
    let places = bytes.indices.filter { bytes[$0] != 0 || $0 % (isOptimizedBuild ? 97 : 997) == 0 }
    for place in places where isOptimizedBuild || place % 13 == 0 {
      var changed = bytes
      changed[place] ^= 0x10
      try refuses(changed, good.codec, "byte \(place)")
    }
    for length in stride(from: 0, to: bytes.count, by: isOptimizedBuild ? 61 : 977) {
      try refuses(Array(bytes[..<length]), good.codec, "\(length) bytes")
    }
    try refuses(bytes + [0], good.codec, "a byte more")
  }

  @Test("A forged radius is refused") func forgedRadius() throws {
    let polar = try #require(Self.configurations.first { "\($0.keys)".contains("polar") })
    for tokens in [12, 300] {
      let good = try cache(polar, tokens: tokens)
      try good.save(to: scratch.file("good.tqkv"))
      let reader = try ContainerReader(scratch.file("good.tqkv"))
      let path = scratch.file("bad.tqkv")
      var writer = try ContainerWriter(path, kind: "KVCH", sectionCount: 5)
      let radii = try #require(good.codec.keyCodec).channelGroups[0].codec.layout.radii
      for name in ["configuration", "tokens", "exact", "centres", "pages"] {
        let bytes = try reader.bytes(of: name)
        var forged = bytes.byteArray(0..<bytes.byteCount)
        // Infinity in the third token's first radius.
        if name == "pages" { forged[3 * radii.upperBound - radii.count + 1] = 0x7C }
        try writer.writeSection(name, forged.span.raw)
      }
      try writer.finish()
      let error = #expect(throws: KVCacheError.self) {
        try KVCache(opening: path, codec: good.codec)
      }
      #expect(error?.description.contains("not a number") == true, "\(error?.description ?? "")")
    }
  }

  private func refuses(_ bytes: [UInt8], _ codec: KVCodec, _ what: String) throws {
    let path = try scratch.write(bytes, to: "bad.tqkv")
    let error = #expect(throws: KVCacheError.self, "\(what)") {
      try KVCache(opening: path, codec: codec)
    }
    #expect(error?.description.contains("bad.tqkv") == true, "\(what)")
  }

  /// What checksums cannot see, since whoever forged the file made them match.
  @Test("Forged sections are refused") func forged() throws {
    let good = try cache(Self.configurations[5], tokens: 48)
    try good.save(to: scratch.file("good.tqkv"))
    let names = ["configuration", "tokens", "exact", "centres", "pages"]
    let reader = try ContainerReader(scratch.file("good.tqkv"))
    var sections: [[UInt8]] = []
    for name in names {
      let bytes = try reader.bytes(of: name)
      sections.append(bytes.byteArray(0..<bytes.byteCount))
    }
    let layout = try #require(good.codec.keyCodec).channelGroups[0].openLayout
    let nan: [UInt8] = [0, 0, 0xC0, 0x7F]
    let forgeries: [(String, Int, (inout [UInt8]) -> Void)] = [
      ("version", 1, { $0[0] = 1 }), ("version", 1, { $0[0] = 4 }),
      ("expected 40", 1, { $0[0] = 2 }), ("flag", 1, { $0[4] = 2 }),
      ("flag", 1, { $0[7] = 9 }),
      ("flag", 1, { $0[7] = 1 }),
      ("sinks", 1, { $0[8] = 2 }), ("tokens", 1, { $0[23] = 1 }), ("window", 1, { $0[24] = 8 }),
      ("bytes", 1, { $0.append(0) }), ("bytes", 2, { $0.removeLast() }),
      ("bytes", 2, { $0 += [0, 0] }), ("not a number", 2, { $0[1] = 0x7C }),
      ("not a number", 3, { $0.replaceSubrange(0..<4, with: nan) }), ("bytes", 3, { $0 += nan }),
      (
        "not a number", 4,
        { $0.replaceSubrange(layout.scaleOffset..<layout.scaleOffset + 4, with: nan) }
      ),
      ("bytes", 4, { $0.removeLast(64) }), ("query heads", 0, { $0[13] = 0x39 }),
      ("centring", 0, { $0.removeLast(20) }),
    ]
    for (name, section, change) in forgeries {
      var forged = sections
      change(&forged[section])
      let path = scratch.file("bad.tqkv")
      var writer = try ContainerWriter(path, kind: "KVCH", sectionCount: 5)
      for (name, bytes) in zip(names, forged) { try writer.writeSection(name, bytes.span.raw) }
      try writer.finish()
      let error = #expect(throws: KVCacheError.self, "\(name)") {
        try KVCache(opening: path, codec: good.codec)
      }
      let text = error?.description ?? ""
      #expect(text.contains(name) && text.contains(names[section]), "\(name): \(text)")
    }
  }
}
