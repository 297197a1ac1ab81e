import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantKVCache

/// A cache of known tokens, whose snapshots are kept as fixtures.
struct GoldenCache: Sendable, CustomTestStringConvertible {
  let name: String
  var configuration: KVConfiguration
  /// How many tokens each append brings.
  var appends = [300]
  /// A token that float16 cannot hold.
  var large: Int?
  /// What is removed then, one range after another.
  var removed: [Range<Int>] = []
  /// Whether all tokens lie in full pages of quads, whose sums are of whole numbers.
  var isSealed: Bool { name.hasPrefix("sealed") }
  var testDescription: String { name }

  init(
    _ name: String, dimension: Int = 32, valueDimension: Int = 16, _ keys: KVPrecision,
    _ values: KVPrecision, appends: [Int] = [300], large: Int? = nil, removed: [Range<Int>] = [],
    _ change: (inout KVConfiguration) -> Void = { _ in }
  ) {
    self.name = name
    let shape = KVShape(
      queryHeads: 4, keyValueHeads: 2, keyDimension: dimension, valueDimension: valueDimension)
    configuration = KVConfiguration(shape: shape, keys: keys, values: values)
    change(&configuration)
    (self.appends, self.large, self.removed) = (appends, large, removed)
  }

  /// x[t][i] of head h = (((37 i + 101 t + 53 h + i² t + 11 t² + `salt`) mod 251) − 125)/64, four times that for
  /// every seventh i.
  static func floats(_ tokens: Range<Int>, heads: Int, _ dimension: Int, salt: Int) -> [Float] {
    var floats: [Float] = []
    for h in 0..<heads {
      for t in tokens {
        for i in 0..<dimension {
          let number: Int = (37 * i + 101 * t + 53 * h + i * i * t + 11 * t * t + salt) % 251
          floats.append(Float(number - 125) / 64 * (i % 7 == 3 ? 4 : 1))
        }
      }
    }
    return floats
  }

  /// Appends the next `tokens` tokens.
  func append(_ tokens: Int, to cache: inout KVCache) throws {
    let (shape, first) = (configuration.shape, cache.nextPosition)
    func floats(_ dimension: Int, salt: Int) -> [Float] {
      var floats = Self.floats(
        first..<first + tokens, heads: shape.keyValueHeads, dimension, salt: salt)
      guard let large, (first..<first + tokens).contains(large) else { return floats }
      for i in floats.indices where i / dimension % tokens == large - first { floats[i] *= 0x1p16 }
      return floats
    }
    let (keys, values) = (
      floats(shape.keyDimension, salt: 0), floats(shape.valueDimension, salt: 100)
    )
    try cache.append(keys: keys.span, values: values.span)
  }

  func cache() throws -> KVCache {
    var cache = KVCache(try KVCodec(configuration))
    for tokens in appends { try append(tokens, to: &cache) }
    for tokens in removed { try cache.remove(tokens) }
    return cache
  }

  /// Checksums of attention and of what the cache stands for, each now and after 40 more tokens.
  func results(_ cache: KVCache) throws -> (attended: [String], decoded: [String]) {
    var cache = cache
    let shape = configuration.shape
    var results: (attended: [String], decoded: [String]) = ([], [])
    for _ in 0..<2 {
      let tokens = min(3, cache.count)
      let queries = Self.floats(
        5000..<5000 + tokens, heads: shape.queryHeads, shape.keyDimension, salt: 7)
      results.attended.append(Self.checksum(try cache.attended(queries)))
      if cache.codec.keyCodec?.hasSigns != true {
        let decoded = try cache.decoded(head: 1)
        results.decoded.append(Self.checksum(decoded.keys + decoded.values))
      }
      try append(40, to: &cache)
    }
    return results
  }

  private static func checksum(_ floats: [Float]) -> String {
    String(crc32c(floats.span.raw), radix: 16)
  }

  private static func half(_ bits: Double) -> KVPrecision {
    .codes(Rate(bitsPerCoordinate: bits) ?? .bits(1))
  }

  static let all = [
    GoldenCache("empty", .bits(4), .bits(4), appends: []),
    GoldenCache("sinks-only", .bits(4), .bits(4), appends: [2]) {
      ($0.sinks, $0.centering) = (4, .mean)
    },
    GoldenCache("float16", dimension: 16, .float16, .float16),
    GoldenCache("4-3-sinks-window", dimension: 48, valueDimension: 32, .bits(4), .bits(3)) {
      ($0.sinks, $0.window) = (4, 20)
    },
    GoldenCache("sealed-4-3", valueDimension: 32, .bits(4), .bits(3), appends: [512]),
    GoldenCache("8-2.5-mean", .bits(8), half(2.5)) { $0.centering = .mean },
    GoldenCache("2-4-rotary-mean", .bits(2), .bits(4), appends: [290, 1, 9]) {
      let frequencies = [1, 0.75, 0.5, 0.25, 0.125, 0.0625]
      ($0.sinks, $0.seed) = (2, 7)
      $0.centering = .rotaryMean(RotaryEmbedding(frequencies: frequencies))
    },
    GoldenCache("outliers-2-3", .outliers(bits: 2), .outliers(bits: 3, estimator: .matchedNorm)) {
      $0.window = 5
    },
    GoldenCache("polar", .codes(.bits(4), quantizer: .polar(bits: [4, 2])), .bits(2)),
    GoldenCache("two-stage", .codes(.bits(3), quantizer: .twoStage(sketch: .orthogonal)), .float16),
    GoldenCache("qjl", .codes(.bits(2), quantizer: .qjl()), .float32),
    GoldenCache(
      "sketches", .sketches(directions: 40, outliers: 3, outlierDirections: 24), .bits(1)),
    GoldenCache("sliding-window", .bits(6), .bits(5), appends: [500, 300, 1]) {
      let rotary = RotaryEmbedding(frequencies: [1, 0.25], pairing: .neighbours)
      ($0.sinks, $0.slidingWindow, $0.centering) = (3, 200, .rotaryMean(rotary))
      ($0.logitCap, $0.sinkLogits) = (30, [0.5, -1, 0, 2])
    },
  ]

  /// What version 2 had no words for: exact tokens that are not float16, tokens that wait, removed ones, and metrics.
  static let exact = [
    GoldenCache("exact-float32", .bits(4), .bits(3), appends: [290, 9, 2], large: 297) {
      ($0.sinks, $0.window) = (4, 20)
    },
    GoldenCache("exact-bfloat16", .bits(3), .float16) {
      ($0.window, $0.exactTokens) = (40, .bfloat16)
    },
    GoldenCache("exact-waiting-mean", .bits(4), .bits(2), appends: [3, 20]) {
      ($0.sinks, $0.window, $0.centering, $0.centerTokens) = (2, 5, .mean, 50)
    },
    GoldenCache("exact-waiting-outliers", .outliers(bits: 2), .bits(3), appends: [31]),
    GoldenCache(
      "exact-removed", .bits(4), .bits(5), appends: [800, 7],
      removed: [1..<3, 20..<276, 300..<307, 525..<536]
    ) {
      let rotary = RotaryEmbedding(frequencies: [1, 0.5, 0.25], pairing: .halves)
      ($0.sinks, $0.window, $0.centering) = (4, 10, .rotaryMean(rotary))
    },
    GoldenCache("equalized-diagonal", .bits(3), .bits(3), appends: [290, 2]) {
      ($0.sinks, $0.window, $0.centering) = (2, 6, .mean)
      $0.equalization = equalization(.diagonal, dimension: 32)
    },
    GoldenCache("equalized-matrix", .outliers(bits: 2), .bits(4), appends: [300]) {
      $0.equalization = equalization(.matrix, dimension: 32)
    },
  ]

  /// T[h][i][j] = 1/(1 + (7 i + 3 h) mod 5) for j = i, and (((11 i + 5 j + h) mod 9) − 4)/64 beside the diagonal.
  private static func equalization(
    _ kind: KVEqualization.Kind, dimension: Int
  ) -> KVEqualization? {
    let heads = (0..<2).map { h in
      (0..<dimension).flatMap { i in
        (i..<(kind == .diagonal ? i + 1 : dimension)).map { j in
          let (own, other) = (1 + (7 * i + 3 * h) % 5, (11 * i + 5 * j + h) % 9 - 4)
          return i == j ? 1 / Float(own) : Float(other) / 64
        }
      }
    }
    return try? KVEqualization(kind, heads: heads)
  }
}

/// Snapshots that, once written, never change for a version, and what caches that were opened from them find.
///
/// `TQ_RECORD_GOLDEN=1` writes those that are missing, and fails because it did.
@Suite struct GoldenSnapshotTests {
  static func fixture(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
  }

  @Test(arguments: GoldenCache.all + GoldenCache.exact) func bytesNeverChange(_ golden: GoldenCache)
    throws
  {
    let scratch = try Scratch()
    try golden.cache().save(to: scratch.file("x.tqkv"))
    try expectGolden(Data(try scratch.read("x.tqkv")), Self.fixture("\(golden.name)-3.tqkv"))
    let bytes = try golden.cache().serialized()
    #expect(try bytes == scratch.read("x.tqkv"))
    #expect(try golden.cache().serializedByteCount == bytes.count)
    let again = try KVCache(serialized: bytes, codec: KVCodec(golden.configuration))
    #expect(try again.serialized() == bytes)
    #expect(try golden.results(again).decoded == golden.results(golden.cache()).decoded)
  }

  /// The build at 747da8e wrote the same files of version 2 as the last one that wrote that version.
  @Test("Saving what version 2 holds writes version 3", arguments: GoldenCache.all)
  func upgrades(_ golden: GoldenCache) throws {
    let scratch = try Scratch()
    let before = try Data(contentsOf: Self.fixture("\(golden.name)-2.tqkv"))
    let path = try scratch.write(Array(before), to: "x.tqkv")
    let cache = try KVCache(opening: path, codec: KVCodec(golden.configuration))
    #expect(try Data(scratch.read("x.tqkv")) == before)
    try cache.save(to: path)
    try expectGolden(Data(try scratch.read("x.tqkv")), Self.fixture("\(golden.name)-3.tqkv"))
  }

  /// Decoded vectors are the same on every target, and so is attention where every sum is one of whole numbers.
  ///
  /// Float32 sums are taken in the target's own order, and an optimised build may fuse a product with a sum. In a debug
  /// build and on a target without a record, an opened cache attends as a filled one does.
  @Test(
    arguments: [
      (GoldenCache.all, 2, ""), (GoldenCache.all, 3, ""), (GoldenCache.exact, 3, "exact-"),
    ])
  func resultsNeverChange(_ caches: [GoldenCache], _ version: Int, _ prefix: String) throws {
    let target = try Kernels.chosen().target.name
    let hasRecord = isOptimizedBuild && ["scalar", "avx2", "avx512"].contains(target)
    var (everywhere, attended) = ("", "")
    for golden in caches {
      let path = Self.fixture("\(golden.name)-\(version).tqkv").path
      let cache = try KVCache(opening: path, codec: KVCodec(golden.configuration))
      let results = try golden.results(cache)
      let same = results.decoded + (golden.isSealed ? results.attended.prefix(1) : [])
      everywhere += "\(golden.name): \(same.joined(separator: " "))\n"
      attended += "\(golden.name): \(results.attended.joined(separator: " "))\n"
      #expect(try results.attended == golden.results(golden.cache()).attended, "\(golden.name)")
    }
    try expectGolden(Data(everywhere.utf8), Self.fixture("\(prefix)results.txt"))
    if hasRecord {
      try expectGolden(Data(attended.utf8), Self.fixture("\(prefix)attended-\(target).txt"))
    }
  }
}
