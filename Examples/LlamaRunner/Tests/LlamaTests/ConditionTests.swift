import Foundation
import Testing

@testable import Llama

/// Keys that are made harder: what must not change with an exact cache, and what must with another.
@Suite struct ConditionTests {
  static let shape = CacheShape(queryHeads: 4, keyValueHeads: 2, headDimension: 8)

  /// An NPY file of mean squares.
  static func file(_ shape: [Int], _ moments: [Float], type: String = "<f4") throws -> URL {
    let list = shape.map(String.init).joined(separator: ", ")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(list)), }"
    header += String(repeating: " ", count: 118 - header.utf8.count - 1) + "\n"
    var bytes = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]) + Data(header.utf8)
    for pattern in moments.map(\.bitPattern) {
      bytes.append(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: pattern >> (8 * $0)) })
    }
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).npy")
    try bytes.write(to: url)
    return url
  }

  @Test("Every other channel of a larger head is taken, in pairs of the rotary embedding")
  func mapping() throws {
    // Two layers, one head of 8 channels: channel c has the root mean square 2^c, or 2^-c.
    let moments = [1, -1].flatMap { sign in (0..<8).map { exp2(Float(2 * sign * $0)) } }
    let url = try Self.file([2, 1, 8], moments)
    defer { try? FileManager.default.removeItem(at: url) }
    let file = try ChannelMoments(contentsOf: url)
    // Channels 0, 2, 4, 6: root mean squares 1, 4, 16, 64 around their geometric mean 8.
    #expect(
      file.factors(layer: 0, of: 3, heads: 2, dimension: 4)
        == [1.0 / 8, 0.5, 2, 8, 1.0 / 8, 0.5, 2, 8])
    #expect(file.factors(layer: 2, of: 3, heads: 1, dimension: 4) == [8, 2, 0.5, 1.0 / 8])
    #expect(file.factors(layer: 0, of: 1, heads: 1, dimension: 2) == [0.25, 4])
    #expect(file.factors(layer: 0, of: 1, heads: 1, dimension: 8)?.count == 8)
    for wrong in [6, 16, 3] {
      #expect(file.factors(layer: 0, of: 1, heads: 1, dimension: wrong) == nil)
    }
  }

  @Test("Files of another kind are refused")
  func damaged() throws {
    let good = [Float](repeating: 1, count: 8)
    let files = [
      try Self.file([2, 4], good), try Self.file([1, 1, 8], good, type: "<f8"),
      try Self.file([1, 1, 9], good), try Self.file([1, 1, 7], good),
      try Self.file([1, 1, 8], good.dropLast() + [0]), try Self.file([1, 0, 8], []),
      try Self.file([1, 1, 8], good.dropLast() + [.nan]),
      try Self.file([1 << 40, 1 << 40, 8], good),
    ]
    for url in files {
      #expect(throws: CheckpointError.self) { try ChannelMoments(contentsOf: url) }
      try Data(contentsOf: url).prefix(40).write(to: url)
      #expect(throws: CheckpointError.self) { try ChannelMoments(contentsOf: url) }
      try FileManager.default.removeItem(at: url)
      #expect(throws: CheckpointError.self) { try ChannelMoments(contentsOf: url) }
    }
    let model = try Shipped.model()
    let seven = try Self.file([1, 1, 8], good)
    defer { try? FileManager.default.removeItem(at: seven) }
    let error = #expect(throws: SettingError.self) {
      try CacheSetting("4,uneven=\(seven.path)", for: model)
    }
    #expect(error?.description.contains("a multiple of 64 channels") == true)
  }

  @Test("Uneven channels reach the cache, and change no bit of exact attention")
  func uneven() throws {
    var generator = SeededGenerator(seed: 4)
    let (keys, values) = (randomFloats(48, &generator), randomFloats(48, &generator))
    let queries = randomFloats(96, &generator)
    let factors: [Float] = (0..<16).map { exp2(Float($0 - 6)) }
    let seen = SpyCache.Seen()
    var exact = FloatCache(shape: Self.shape)
    var cache = UnevenKeys(
      SpyCache(exact: exact, seen: seen), shape: Self.shape, factors: factors)
    try exact.append(keys: keys, values: values, tokens: 3)
    try cache.append(keys: keys, values: values, tokens: 3)
    #expect(seen.keys == keys.indices.map { keys[$0] * factors[$0 / 24 * 8 + $0 % 8] })
    #expect(
      try cache.attend(queries: queries, tokens: 3, scale: 0.3)
        == exact.attend(queries: queries, tokens: 3, scale: 0.3))
    #expect(cache.byteCount == exact.byteCount && cache.count == 3)
    #expect(throws: CacheError.self) { try cache.attend(queries: keys, tokens: 3, scale: 1) }
    #expect(throws: CacheError.self) { try cache.append(keys: keys, values: values, tokens: 2) }
    try cache.truncate(to: 1)
    #expect(cache.count == 1)
  }

  @Test("A bias has the stated length, stays, and hardly changes exact attention")
  func bias() throws {
    var generator = SeededGenerator(seed: 6)
    let (keys, values) = (randomFloats(48, &generator), randomFloats(48, &generator))
    let queries = randomFloats(96, &generator)
    let seen = SpyCache.Seen()
    var exact = FloatCache(shape: Self.shape)
    var cache = BiasedKeys(SpyCache(exact: exact, seen: seen), shape: Self.shape, size: 20, seed: 1)
    try exact.append(keys: keys, values: values, tokens: 3)
    try cache.append(keys: keys, values: values, tokens: 3)
    func norm(_ row: some Sequence<Float>) -> Float { row.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    var shifts: [[Float]] = []
    for head in 0..<2 {
      let rows = (0..<3).map { head * 24 + $0 * 8..<head * 24 + $0 * 8 + 8 }
      let added = rows.map { row in row.map { seen.keys[$0] - keys[$0] } }
      let mean = rows.map { norm(keys[$0]) }.reduce(0, +) / 3
      // Sums below 64 are rounded to 2^-19.
      for row in added { #expect(largestDifference(row, added[0]) <= 0x1p-18) }
      #expect(abs(norm(added[0]) - 20 * mean) <= 1e-4 * mean)
      shifts.append(added[0])
    }
    #expect(shifts[0] != shifts[1])
    // Keys are rounded to 2^-19, and scores of up to 8 × 64 to 8 × 2^-15; each weight is wrong by as much.
    let found = try cache.attend(queries: queries, tokens: 3, scale: 0.3)
    let plain = try exact.attend(queries: queries, tokens: 3, scale: 0.3)
    #expect(found != plain && largestDifference(found, plain) <= 2 * 0.3 * 8 * 0x1p-15)
    let first = seen.keys
    try cache.truncate(to: 0)
    try cache.append(keys: keys.map { 3 * $0 }, values: values, tokens: 3)
    let again = seen.keys.indices.map { seen.keys[$0] - 3 * keys[$0] }
    let before = first.indices.map { first[$0] - keys[$0] }
    #expect(largestDifference(again, before) <= 0x1p-17)
  }

  @Test("With the model: exact caches do not notice, q4_0 does, and centring takes a bias out")
  func model() throws {
    let model = try Shipped.model()
    var generator = SeededGenerator(seed: 8)
    let moments = (0..<128).map { _ in exp2(8 * Float.random(in: -1...1, using: &generator)) }
    let url = try Self.file([1, 1, 128], moments)
    defer { try? FileManager.default.removeItem(at: url) }
    let texts = [
      "32", "32,uneven=\(url.path)", "32,bias=20", "q4_0", "q4_0,uneven=\(url.path)",
      "q4_0,bias=20",
      "4,center=mean", "4,center=mean,bias=20", "4,bias=20",
    ]
    let kl = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: EvaluationTests.windows(),
      settings: [.float32] + texts.map { try CacheSetting($0, for: model) }
    ).dropFirst().map(\.divergence.mean)
    #expect(abs(kl[1]) < 0x1p-17 && abs(kl[2]) < 0x1p-17)
    #expect(kl[4] > 2 * kl[3] && kl[5] > 20 * kl[3])
    #expect(kl[7] < 1.1 * kl[6] && kl[8] > 5 * kl[6])
  }
}
