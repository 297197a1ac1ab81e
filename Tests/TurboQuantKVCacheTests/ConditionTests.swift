import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Head sizes, groups, windows, caps and sizes of numbers that models have, or might: attention is within its bound, or
/// the call is refused by name.
@Suite struct ConditionTests {
  static let precisions: [KVPrecision] = [
    .float32, .bits(2), .bits(4), .bits(8), .codes(Rate(halfBits: 9)), .outliers(bits: 3),
  ]

  static func cache(
    _ shape: KVShape, _ precision: KVPrecision, tokens: Int, keyScale: Float = 1,
    valueScale: Float = 1, _ dice: inout Dice, _ change: (inout KVConfiguration) -> Void = { _ in }
  ) throws -> KVCache {
    var configuration = KVConfiguration(shape: shape, keys: precision, values: precision)
    change(&configuration)
    var cache = KVCache(try KVCodec(configuration))
    let heads = shape.keyValueHeads
    try cache.append(
      keys: dice.normals(heads * tokens * shape.keyDimension, scale: keyScale),
      values: dice.normals(heads * tokens * shape.valueDimension, scale: valueScale))
    return cache
  }

  @Test(
    arguments: isOptimizedBuild
      ? [
        (48, 48), (64, 64), (80, 80), (96, 96), (112, 112), (128, 128), (192, 192), (192, 128),
        (256, 256), (512, 512), (576, 512),
      ] : [(48, 48), (192, 128)])
  func headSizes(_ d: Int, _ width: Int) throws {
    for (i, precision) in Self.precisions.enumerated()
    where isOptimizedBuild || i == d / 16 % Self.precisions.count {
      var dice = Dice(seed: UInt64(d + width))
      let shape = KVShape(queryHeads: 2, keyValueHeads: 1, keyDimension: d, valueDimension: width)
      for tokens in [45, 300] {
        let cache = try Self.cache(shape, precision, tokens: tokens, &dice) {
          ($0.sinks, $0.window, $0.centering) = (2, 5, .mean)
        }
        try cache.expectAttention(dice.normals(2 * d, scale: 2), "\(precision), d = \(d)")
      }
    }
  }

  @Test(arguments: isOptimizedBuild ? [1, 2, 3, 4, 5, 6, 7, 8, 71] : [3, 71]) func groups(
    _ ratio: Int
  ) throws {
    var dice = Dice(seed: UInt64(ratio))
    let shape = KVShape(queryHeads: 2 * ratio, keyValueHeads: 2, keyDimension: 64)
    for precision in [KVPrecision.bits(4), .bits(6)] {
      let cache = try Self.cache(shape, precision, tokens: 100, &dice)
      // Two queries of each head, so that passes of eight mix heads.
      try cache.expectAttention(
        dice.normals(2 * shape.queryHeads * 64), tokens: 2, "\(ratio) query heads per key head")
    }
  }

  @Test(
    arguments: (isOptimizedBuild ? [nil, 1, 2, 31, 64, 255, 256, 257, 1000] : [1, 257]) as [Int?])
  func windows(_ reach: Int?) throws {
    var dice = Dice(seed: UInt64(reach ?? 0))
    let shape = KVShape(queryHeads: 2, keyValueHeads: 1, keyDimension: 64)
    for (sinks, window) in [(0, 0), (4, 0), (3, 40)] {
      for cap in isOptimizedBuild ? [nil, 1, 50, 1e9] as [Float?] : [50] {
        let cache = try Self.cache(shape, .bits(4), tokens: 400, &dice) {
          ($0.sinks, $0.window, $0.slidingWindow, $0.logitCap) = (sinks, window, reach, cap)
        }
        try cache.expectAttention(
          dice.normals(2 * 64, scale: 4),
          "\(sinks) sinks, window \(window), sliding \(reach ?? 0), cap \(cap ?? 0)")
      }
    }
  }

  @Test(arguments: (isOptimizedBuild ? [1, 10, 30, 50, 1e3, 1e5, 1e7, 1e9] : [1, 1e9]) as [Float])
  func caps(_ cap: Float) throws {
    var dice = Dice(seed: 77)
    let shape = KVShape(queryHeads: 3, keyValueHeads: 1, keyDimension: 96)
    for precision in [KVPrecision.bits(3), .float16, .bits(8)] {
      let cache = try Self.cache(shape, precision, tokens: 80, &dice) { $0.logitCap = cap }
      // Scores up to a few times the smallest cap.
      try cache.expectAttention(dice.normals(3 * 96, scale: 3), "\(precision), cap \(cap)")
    }
  }

  /// Queries are as large as keys are small, as far as both are accepted.
  @Test(
    arguments: (isOptimizedBuild
      ? [1e28, 1e20, 1e5, 1, 1e-9, 1e-20, 1e-30, 1e-37, 1e-38] : [1e28, 1e-38])
      as [Float])
  func sizes(_ size: Float) throws {
    for (i, precision) in (Self.precisions + [.codes(.bits(4), quantizer: .polar(bits: [4, 2]))])
      .enumerated() where isOptimizedBuild || i % 2 == 0
    {
      for d in [48, 128] {
        var dice = Dice(seed: 3)
        let shape = KVShape(queryHeads: 2, keyValueHeads: 1, keyDimension: d)
        let values = i == Self.precisions.count ? KVPrecision.bits(4) : precision
        for (sinks, window) in [(0, 0), (2, 3)] {
          for (keyScale, valueScale) in [(size, size), (1, size), (size, 1)] {
            let cache = try Self.cache(
              shape, precision, tokens: 75, keyScale: keyScale, valueScale: valueScale, &dice
            ) { ($0.sinks, $0.window, $0.values) = (sinks, window, values) }
            let q = dice.normals(2 * d, scale: min(1 / keyScale, 0x1p114))
            let largest = try cache.expectAttention(q, "\(precision), d = \(d), size \(size)")
            // The underflow that the bound allows must not be what holds it, but at the very end.
            #expect(size < 1e-36 || largest > 0.001)
          }
        }
      }
    }
  }

  @Test(
    "What is too large is refused by name", arguments: [0x1p96, 1e34, 3e38, .infinity] as [Float])
  func tooLarge(_ size: Float) throws {
    var dice = Dice(seed: 1)
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 64)
    for precision in Self.precisions {
      var cache = try Self.cache(shape, precision, tokens: 40, &dice) { $0.window = 3 }
      var bad = dice.normals(64)
      bad[7] = -size
      let error = #expect(throws: KVCacheError.self) {
        try cache.append(keys: dice.normals(64), values: bad)
      }
      #expect(error?.kind == .notFinite(head: 0, token: 0, coordinate: 7) && cache.count == 40)
      #expect(error?.description.contains("7.9228163e+28") == true, "\(error?.description ?? "")")
    }
  }
}
