import Foundation
import TestSupport
import Testing
import TurboQuantKernels
import TurboQuantStorage

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Numbers at the ends of what is accepted: the result is right, or the call is refused by name.
@Suite struct ExtremeTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  static func cache(
    _ precision: KVPrecision, d: Int, _ change: (inout KVConfiguration) -> Void = { _ in }
  ) throws -> KVCache {
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: d), keys: precision,
      values: precision)
    change(&configuration)
    return KVCache(try KVCodec(configuration))
  }

  /// Double precision itself is off by some 10⁻¹⁵ of the cap times tanh; float32 rounds once.
  @Test(arguments: [0, 1e-9, 0.049, 0.0499999, 0.05, 0.3, 1, 19, 21, 1e30, .infinity])
  func tangents(_ x: Double) {
    for x in [x, -x] {
      let exact = tanh(x)
      // The first term that the series leaves out, 17/315 · x⁷ at 0.05.
      #expect(abs(hyperbolicTangent(x) - exact) <= 1e-9 * abs(exact), "\(x)")
    }
  }

  /// However large the cap, scores below it stay what they are.
  @Test(arguments: [1e-38, 1e-3, 1, 50, 1e4, 1e8, 1e16, 1e30, Float.greatestFiniteMagnitude])
  func logitCaps(_ cap: Float) throws {
    let (d, n) = (16, 90)
    for precision in [KVPrecision.float32, .bits(4)] {
      var cache = try Self.cache(precision, d: d) { $0.logitCap = cap }
      var dice = Dice(seed: 31)
      let (keys, values, q) = (dice.normals(n * d), dice.normals(n * d), dice.normals(d))
      try cache.append(keys: keys.span, values: values.span)
      let found = try cache.attended(q, scale: 0.5)
      let decoded = try cache.decoded(head: 0)
      let expected = reference(
        q[...], keys: decoded.keys, values: decoded.values, visible: n, valueDimension: d,
        scale: 0.5, cap: cap)
      // A cap only brings scores nearer to each other, so the bound without one holds.
      let bounds = try KernelBound(cache, head: 0, decoded.keys, decoded.values, scale: 0.5)
        .bounds(q, expected)
      for i in 0..<d {
        #expect(abs(Double(found[i]) - expected.output[i]) <= bounds[i], "cap \(cap)")
      }
    }
  }

  /// 40,000 of the largest values that are taken add up.
  @Test(arguments: [KVPrecision.float32, .bits(4), .bits(8), .outliers(bits: 2)])
  func manyLargeValues(_ precision: KVPrecision) throws {
    let (d, n) = (8, 40_000)
    var cache = try Self.cache(precision, d: d)
    let large = KVCache.limit.nextDown
    let floats = [Float](repeating: large, count: n * d)
    try cache.append(keys: [Float](repeating: 0, count: n * d).span, values: floats.span)
    let found = try cache.attended([Float](repeating: 1, count: d))
    let decoded = try cache.decoded(head: 0).values
    for i in 0..<d {
      // All weights are equal, and so are all values; n terms in lanes and pages of 256 and a Float of each.
      let expected = Double(decoded[i])
      #expect(abs(Double(found[i]) / expected - 1) < 2e-3, "\(found[i]), expected \(expected)")
    }
    var other = cache
    for value in [KVCache.limit, -KVCache.limit, 1e34] {
      var bad = [Float](repeating: 1, count: d)
      bad[5] = value
      let good = [Float](repeating: 1, count: d)
      for (k, v) in [(bad, good), (good, bad)] {
        let error = #expect(throws: KVCacheError.self) {
          try other.append(keys: k.span, values: v.span)
        }
        #expect(error?.kind == .notFinite(head: 0, token: 0, coordinate: 5))
        #expect(error?.description.contains("\(value)") == true, "\(error?.description ?? "")")
      }
    }
    #expect(other.count == n)
  }

  /// What a short append leaves half done would not be noticed by the next one.
  @Test func largestVectorsOfTheLargestHead() throws {
    let d = 1 << 16
    let rotary = RotaryEmbedding(frequencies: [1, 0.7])
    for precision in [KVPrecision.bits(1), .outliers(bits: 2)] {
      var cache = try Self.cache(precision, d: d) { $0.centering = .rotaryMean(rotary) }
      let large = [Float](repeating: KVCache.limit.nextDown, count: d)
      try cache.append(keys: large.span, values: large.span)
      let opposite = large.map { -$0 }
      try cache.append(keys: opposite.span, values: opposite.span)
      let q = [Float](repeating: 0x1p-120, count: d)
      let found = try cache.attended(q)
      #expect(found.allSatisfy { $0.isFinite })
      // A snapshot of it opens: what an append leaves is never more than what a snapshot may hold.
      try cache.save(to: scratch.file("cache.tqkv"))
      let again = try KVCache(opening: scratch.file("cache.tqkv"), codec: cache.codec)
      #expect(try again.attended(q) == found)
    }
  }

  @Test("Where float16 ends, an append says so")
  func float16() throws {
    let d = 6
    for (precision, sinks, window, format) in [
      (KVPrecision.float16, 0, 0, nil), (.float16, 2, 0, .float32), (.bits(4), 1, 0, .float16),
      (.float32, 0, 1, .float16), (.bits(4), 0, 9, ExactFormat.float16),
    ] {
      var cache = try Self.cache(precision, d: d) {
        ($0.sinks, $0.window, $0.exactTokens) = (sinks, window, format)
      }
      var token = [Float](repeating: 65_519, count: d)
      try cache.append(keys: token.span, values: token.span)
      #expect(try cache.decoded(head: 0).keys.allSatisfy { abs($0 - 65_504) < 20_000 })
      token[4] = 125_000
      let error = #expect(throws: KVCacheError.self) {
        try cache.append(keys: token.span, values: token.span)
      }
      #expect(error?.kind == .notFinite(head: 0, token: 0, coordinate: 4))
      let text = error?.description ?? ""
      for word in ["key", "head 0, token 0, coordinate 4", "125000", "65520", "float16"] {
        #expect(text.contains(word), "\(text)")
      }
      #expect(cache.count == 1)
    }
  }

  /// As documented: steps of 2⁻²⁴ below 2⁻¹⁴, and 0 from half a step down.
  @Test func smallFloat16() throws {
    let small: [Float] = [0x1p-14, 0x1p-24, 0x1.8p-24, 0x1p-25, 0x1.1p-25, 1e-9]
    var cache = try Self.cache(.float16, d: small.count)
    try cache.append(keys: small.span, values: small.span)
    #expect(
      try cache.decoded(head: 0).keys == [0x1p-14, 0x1p-24, 0x1p-23, 0, 0x1p-24, 0] as [Float])
  }

  @Test("Scores beyond float32 are an error, and no NaN") func scores() throws {
    let d = 8
    var cache = try Self.cache(.bits(4), d: d)
    let keys = (0..<40 * d).map { $0 % 3 == 0 ? Float(0x1p95) : -0x1p94 }
    try cache.append(keys: keys.span, values: keys.span)
    for (q, scale) in [(Float(0x1p117), Float(1)), (1, .greatestFiniteMagnitude)] {
      let queries = (0..<d).map { $0 % 2 == 0 ? q : -q }
      let error = #expect(throws: KVCacheError.self) {
        try cache.attended(queries, scale: scale)
      }
      #expect(error?.description.contains("float32") == true)
    }
    let error = #expect(throws: KVCacheError.self) {
      try cache.attended([Float](repeating: 0x1p118, count: d))
    }
    #expect(error?.kind == .notFinite(head: 0, token: 0, coordinate: 0))
  }

  // MARK: Forged snapshots

  private func forged(
    _ cache: KVCache, _ section: String, at place: Int, _ value: Float
  ) throws -> String {
    let names = ["configuration", "tokens", "exact", "centres", "pages"]
    try cache.save(to: scratch.file("good.tqkv"))
    let reader = try ContainerReader(scratch.file("good.tqkv"))
    var writer = try ContainerWriter(scratch.file("bad.tqkv"), kind: "KVCH", sectionCount: 5)
    for name in names {
      let bytes = try reader.bytes(of: name)
      var forged = bytes.byteArray(0..<bytes.byteCount)
      if name == section {
        for i in 0..<4 {
          forged[place + i] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * i))
        }
      }
      try writer.writeSection(name, forged.span.raw)
    }
    try writer.finish()
    return scratch.file("bad.tqkv")
  }

  /// Scales, coordinates and centres that no append leaves are refused when the file is opened.
  @Test func forgedNumbers() throws {
    let d = 16
    let ones = (0..<40 * d).map { Float($0 % 5) - 1 }
    for (precision, section, value) in [
      (KVPrecision.bits(4), "pages", Float(3e38)), (.float32, "pages", 1e30),
      (.bits(4), "centres", 3e38), (.outliers(bits: 2), "pages", 0x1p123),
    ] {
      var cache = try Self.cache(precision, d: d) { $0.centering = .mean }
      try cache.append(keys: ones.span, values: ones.span)
      let groups = cache.codec.keyCodec?.channelGroups
      let place = section == "pages" ? groups?[0].openLayout.scaleOffset ?? 0 : 0
      let path = try forged(cache, section, at: place, value)
      let error = #expect(throws: KVCacheError.self) {
        try KVCache(opening: path, codec: cache.codec)
      }
      #expect(error?.description.contains("“\(section)”") == true, "\(error?.description ?? "")")
    }
  }

  /// A scale that an append might leave for one token, on a token whose value it makes too large to add up.
  @Test func forgedScalesThatFit() throws {
    let (d, n) = (16, 40)
    for isKey in [true, false] {
      var cache = try Self.cache(.bits(4), d: d)
      let ones = (0..<n * d).map { Float($0 % 5) - 1 }
      try cache.append(keys: ones.span, values: ones.span)
      let layout = try #require(cache.codec.keyCodec).channelGroups[0].openLayout
      let start = isKey ? 0 : layout.byteCount
      let path = try forged(
        cache, "pages", at: start + layout.scaleOffset, KVCache.scaleLimit)
      let opened = try KVCache(opening: path, codec: cache.codec)
      let found = Result { try opened.attended([Float](repeating: 100, count: d)) }
      // 2¹²² of one token is a number; whether scores or sums leave float32 depends on its codes.
      switch found {
      case .success(let output): #expect(output.allSatisfy { $0.isFinite })
      case .failure(let error): #expect("\(error)".contains("float32"))
      }
    }
  }

  /// A centre, or channels, that no history leaves would change what later tokens mean.
  @Test(arguments: [4, 5, 6, 7]) func forgedFlags(_ flag: Int) throws {
    let d = 16
    let ones = (0..<40 * d).map { Float($0 % 5) - 1 }
    for (precision, centering) in [(KVPrecision.bits(4), KVCentering.mean), (.float32, .none)] {
      var cache = try Self.cache(precision, d: d) { $0.centering = centering }
      try cache.append(keys: ones.span, values: ones.span)
      try cache.save(to: scratch.file("good.tqkv"))
      let reader = try ContainerReader(scratch.file("good.tqkv"))
      var writer = try ContainerWriter(scratch.file("bad.tqkv"), kind: "KVCH", sectionCount: 5)
      for name in ["configuration", "tokens", "exact", "centres", "pages"] {
        let bytes = try reader.bytes(of: name)
        var forged = bytes.byteArray(0..<bytes.byteCount)
        if name == "tokens" { forged[flag] ^= 1 }
        if name == "centres" { forged += [UInt8](repeating: 0, count: 4 * d) }
        try writer.writeSection(name, forged.span.raw)
      }
      try writer.finish()
      let error = #expect(throws: KVCacheError.self) {
        try KVCache(opening: scratch.file("bad.tqkv"), codec: cache.codec)
      }
      #expect(error?.description.contains("“tokens”") == true, "\(error?.description ?? "")")
    }
  }

  @Test("Whole numbers out of range are refused") func integers() throws {
    for n in [Int.min, -1, 9, .max] {
      #expect(throws: KVCacheError.self) { try Self.cache(.bits(n), d: 16) }
      #expect(throws: KVCacheError.self) { try Self.cache(.outliers(bits: n), d: 16) }
      let qjl = KVPrecision.codes(.bits(n), quantizer: .qjl())
      if n != 9 {
        #expect(throws: KVCacheError.self) { try Self.cache(.float32, d: 16) { $0.keys = qjl } }
      }
    }
    for n in [Int.min, -1, .max] {
      let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 16)
      let configuration = KVConfiguration(shape: shape, keys: .bits(3), values: .bits(2))
      #expect(throws: KVCacheError.self) {
        try configuration.configuration(
          forLayer: n, of: 4, boundary: 1, keys: .bits(8), values: .bits(8))
      }
      #expect(throws: KVCacheError.self) { try Self.cache(.bits(2), d: n) }
      for change: (inout KVConfiguration) -> Void in [
        { $0.shape = KVShape(queryHeads: n, keyValueHeads: 1, keyDimension: 16) },
        { $0.shape = KVShape(queryHeads: 1, keyValueHeads: n, keyDimension: 16) },
        { $0.sinks = n }, { $0.window = n },
        { $0.keys = .sketches(directions: n, outliers: 2, outlierDirections: 8) },
        { $0.keys = .sketches(directions: 8, outliers: n, outlierDirections: 8) },
        { $0.keys = .sketches(directions: 8, outliers: 2, outlierDirections: n) },
      ] {
        #expect(throws: KVCacheError.self) { try Self.cache(.bits(2), d: 16, change) }
      }
      var cache = try Self.cache(.bits(2), d: 16)
      #expect(throws: KVCacheError.self) { try cache.truncate(to: n) }
      #expect(throws: KVCacheError.self) { try cache.decoded(head: n) }
      let none: [Float] = []
      #expect(throws: KVCacheError.self) {
        try cache.append(keys: none.span, values: none.span, at: n)
      }
    }
    // As wide as a number can say: everything is seen.
    var cache = try Self.cache(.bits(2), d: 16) { ($0.slidingWindow, $0.sinks) = (.max, 4) }
    let floats = [Float](repeating: 1, count: 300 * 16)
    try cache.append(keys: floats.span, values: floats.span)
    try cache.append(keys: floats.span, values: floats.span)
    #expect(try cache.attended(Array(floats[..<16])).allSatisfy { $0.isFinite })
    let all = KVConfiguration(
      shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 16), keys: .bits(3),
      values: .bits(2))
    #expect(
      try all.configuration(forLayer: 3, of: .max, boundary: .max, keys: .bits(8), values: .bits(8))
        .keys
        == .bits(8))
  }
}
