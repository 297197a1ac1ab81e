import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantKVCache

/// Exact tokens in each format, and the change from float16 to float32.
@Suite struct ExactTokenTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  static func codec(
    _ precision: KVPrecision = .bits(4), d: Int = 8, heads: Int = 1, sinks: Int = 2,
    window: Int = 3, _ change: (inout KVConfiguration) -> Void = { _ in }
  ) throws -> KVCodec {
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: heads, keyValueHeads: heads, keyDimension: d), keys: precision,
      values: precision)
    (configuration.sinks, configuration.window) = (sinks, window)
    change(&configuration)
    return try KVCodec(configuration)
  }

  /// Vectors near a size, or with a part of that size, against double precision on what the cache stands for, and
  /// exact tokens against what came.
  @Test(arguments: [1e5, 1e-9, 1e28, 1e-38, 70_000, 3e-6] as [Float])
  func anySize(_ size: Float) throws {
    let (d, n) = (32, 90)
    for precision in [KVPrecision.bits(4), .bits(8), .float32, .outliers(bits: 3)] {
      for centering in [KVCentering.none, .mean] {
        let codec = try Self.codec(precision, d: d, sinks: 3, window: 20) {
          $0.centering = centering
        }
        var dice = Dice(seed: 5)
        let (keys, values) = (
          dice.normals(n * d, scale: size), dice.normals(n * d, scale: size)
        )
        var cache = KVCache(codec)
        try cache.append(keys: keys.span, values: values.span)
        let decoded = try cache.decoded(head: 0)
        for (found, given) in [(decoded.keys, keys), (decoded.values, values)] {
          #expect(Array(found[..<(3 * d)]) == Array(given[..<(3 * d)]))
          #expect(Array(found[((n - 20) * d)...]) == Array(given[((n - 20) * d)...]))
          // Four bits leave about 1% of a key's energy, and never a tenth.
          let square = given.reduce(0) { $0 + Double($1) * Double($1) }
          let lost = zip(found, given).reduce(0.0) {
            $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
          }
          #expect(lost < square / 10, "\(precision), \(size)")
        }
        // Queries that make scores of some units, as far as they may be so large.
        let q = dice.normals(d, scale: min(1 / size, 0x1p114))
        try cache.expectAttention(q, "\(precision), \(size)")
      }
    }
  }

  @Test("One call or many, before and after the change of format: the same bytes")
  func oneCallOrMany() throws {
    let (d, n) = (8, 60)
    for bad in [0, 1, 2, 17, 59] {
      let codec = try Self.codec(.bits(3), heads: 2)
      var dice = Dice(seed: 8)
      var (keys, values) = (dice.normals(2 * n * d), dice.normals(2 * n * d))
      // A value of the second head.
      if bad % 2 == 0 { values[(n + bad) * d + 3] = 65_520 } else { keys[(n + bad) * d] = 1e9 }
      var (whole, steps) = (KVCache(codec), KVCache(codec))
      try whole.append(keys, values, 0..<n, of: n)
      for t in 0..<n {
        #expect(steps.heads[0].keys.window.format == (t <= bad ? .float16 : .float32))
        try steps.append(keys, values, t..<t + 1, of: n)
      }
      var threads = KVCache(codec)
      try threads.append(keys: keys.span, values: values.span, threads: 2)
      for (name, cache) in [("whole", whole), ("steps", steps), ("threads", threads)] {
        try cache.save(to: scratch.file(name))
        #expect(cache.heads.allSatisfy { $0.values.sinks.format == .float32 })
      }
      #expect(try scratch.read("whole") == scratch.read("steps"))
      #expect(try scratch.read("whole") == scratch.read("threads"))
      // Earlier tokens are as float16 left them, later ones as they came.
      let found = try whole.decoded(head: 0).keys
      let expected = (0..<2 * d).map { i in i < bad * d ? Float(Float16(keys[i])) : keys[i] }
      #expect(Array(found[..<(2 * d)]) == expected)
      let last = (n - 3..<n).flatMap { t in
        keys[(n + t) * d..<(n + t + 1) * d].map { t < bad ? Float(Float16($0)) : $0 }
      }
      #expect(try Array(steps.decoded(head: 1).keys.suffix(3 * d)) == last)
      // As long as the cache holds a token it stays float32.
      try whole.truncate(to: 1)
      #expect(whole.heads[0].keys.window.format == .float32)
      try whole.truncate(to: 0)
      #expect(whole.heads[0].keys.window.format == .float16)
    }
  }

  /// 2⁻¹⁴ and above, rounding moves by at most 2⁻¹¹; of 2⁻²⁴ · (m + ½) it moves half a step, 2⁻¹⁰ of it at m = 512.
  @Test(
    "Where float16 ends",
    arguments: [
      ([65_519.9], true), ([65_520], false), ([-65_520, 1], false), ([0, 0], true),
      ([0x1p-14, 0], true), ([0x1.00cp-15, 0], true), ([0x1.004p-15, 0], true),
      ([0x1.008p-16, 0], false), ([1, 1e-9], true), ([0x1p-24, 0], true), ([0x1p-25, 0], false),
      ([1e-9, 0], false), ([0x1.008p-15, 1e-8], true),
    ] as [([Float], Bool)])
  func rule(_ numbers: [Float], _ fits: Bool) throws {
    let numbers = numbers + [Float](repeating: 0, count: 4 - numbers.count)
    let d = numbers.count
    for isKey in [true, false] {
      var cache = KVCache(try Self.codec(d: d))
      let ones = [Float](repeating: 1, count: d)
      try cache.append(
        keys: (isKey ? numbers : ones).span, values: (isKey ? ones : numbers).span)
      #expect((cache.heads[0].keys.sinks.format == .float16) == fits, "\(numbers)")
    }
    // What is said to be float16 passes through it anyway, as far as it reaches.
    var cache = KVCache(try Self.codec(.float16, d: d))
    guard numbers.allSatisfy({ abs($0) < 65_520 }) else { return }
    try cache.append(keys: numbers.span, values: numbers.span)
    #expect(cache.heads[0].keys.sinks.format == .float16)
  }

  @Test("A format that is asked for stays") func formats() throws {
    let numbers: [Float] = [1.00390625, 1.01171875, -3.0000001, 1e-9, 1e20, 0]
    let d = numbers.count
    let wide = try Self.codec(d: d) { $0.exactTokens = .float32 }
    var cache = KVCache(wide)
    try cache.append(keys: numbers.span, values: numbers.span)
    #expect(try cache.decoded(head: 0).keys == numbers && cache.memory.exactBytes == 2 * 4 * d)
    // Eight bits, ties to even.
    let short = try Self.codec(d: d) { $0.exactTokens = .bfloat16 }
    cache = KVCache(short)
    try cache.append(keys: numbers.span, values: numbers.span)
    #expect(try cache.decoded(head: 0).keys == [1, 1.015625, -3, 0x1.12p-30, 0x1.5ap66, 0])
    #expect(cache.memory.exactBytes == 2 * 2 * d)
    var large = KVCache(short)
    let limit = [Float](repeating: KVCache.limit.nextDown, count: d)
    try large.append(keys: limit.span, values: limit.span)
    try large.save(to: scratch.file("large"))
    #expect(
      try KVCache(opening: scratch.file("large"), codec: short).decoded(head: 0).keys
        == [Float](repeating: 0x1p96, count: d))
    // Codes pass through the format, with sinks and window or without.
    for (sinks, window) in [(0, 0), (1, 2)] {
      let codec = try Self.codec(.float32, d: d, sinks: sinks, window: window) {
        $0.exactTokens = .bfloat16
      }
      var cache = KVCache(codec)
      let tokens = [[Float]](repeating: numbers, count: 7).flatMap { $0 }
      try cache.append(keys: tokens.span, values: tokens.span)
      let rounded = try cache.decoded(head: 0).keys
      #expect(Array(rounded.prefix(d)) == [1, 1.015625, -3, 0x1.12p-30, 0x1.5ap66, 0])
      #expect(Array(rounded.prefix(d)) == Array(rounded.suffix(d)))
    }
  }

  @Test(arguments: [nil] + ExactFormat.allCases as [ExactFormat?])
  func snapshots(_ format: ExactFormat?) throws {
    let d = 8
    for bad in [Float(1), 1e6] where format != .float16 || bad == 1 {
      let codec = try Self.codec(d: d) { $0.exactTokens = format }
      var cache = KVCache(codec)
      var dice = Dice(seed: 3)
      try cache.append(keys: dice.normals(9 * d), values: dice.normals(9 * d, scale: bad))
      try cache.save(to: scratch.file("x"))
      var again = try KVCache(opening: scratch.file("x"), codec: codec)
      let (k, v, q) = (dice.normals(4 * d), dice.normals(4 * d), dice.normals(d))
      try cache.append(keys: k, values: v)
      try again.append(keys: k, values: v)
      #expect(try again.attend(q) == cache.attend(q) && again.memory == cache.memory)
      // Another format than the configuration's is refused, and so are bytes of another.
      let good = try SnapshotSection.all(of: scratch.file("x"))
      let number = good[1].bytes[40]
      #expect(
        number == (format == .bfloat16 ? 3 : format == .float32 || format == nil && bad > 1 ? 2 : 1)
      )
      for other in UInt8(1)...3 where other != number {
        var forged = good
        forged[1].bytes[40] = other
        try SnapshotSection.write(forged, to: scratch.file("bad"))
        #expect(throws: KVCacheError.self) {
          try KVCache(opening: scratch.file("bad"), codec: codec)
        }
      }
      for bytes: [UInt8] in [[0, 0, 0xC0, 0x7F], [0, 0, 0x80, 0x7F], [0, 0x7C, 0x80, 0x7F]] {
        var forged = good
        forged[2].bytes.replaceSubrange(0..<4, with: bytes)
        try SnapshotSection.write(forged, to: scratch.file("bad"))
        let error = #expect(throws: KVCacheError.self, "\(bytes)") {
          try KVCache(opening: scratch.file("bad"), codec: codec)
        }
        #expect(error?.description.contains("“exact”") == true)
      }
    }
  }
}
