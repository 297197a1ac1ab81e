import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantKVCache

/// A query of a sliding window sees the sinks and the latest tokens, and old pages are forgotten.
@Suite struct SlidingWindowTests {
  static let d = 16

  private func codec(_ reach: Int?, sinks: Int, window: Int, _ centering: KVCentering = .none)
    throws
    -> KVCodec
  {
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 2, keyValueHeads: 1, keyDimension: Self.d), keys: .bits(4),
      values: .bits(4))
    (configuration.sinks, configuration.window, configuration.slidingWindow) = (
      sinks, window, reach
    )
    configuration.centering = centering
    return try KVCodec(configuration)
  }

  static let rotary = RotaryEmbedding(frequencies: [1, 0.1, 0.01])

  /// Against attention in double precision, with a mask, over a cache that forgets nothing.
  @Test(arguments: [
    (1, 0, 0, KVCentering.none), (100, 0, 0, .none), (300, 3, 0, .mean), (256, 2, 20, .none),
    (5, 4, 20, .rotaryMean(rotary)), (2000, 1, 1, .none), (700, 0, 64, .rotaryMean(rotary)),
  ])
  func seesTheLatest(reach: Int, sinks: Int, window: Int, centering: KVCentering) throws {
    let d = Self.d
    let (sliding, whole) = (
      try codec(reach, sinks: sinks, window: window, centering),
      try codec(nil, sinks: sinks, window: window, centering)
    )
    var (cache, all) = (KVCache(sliding), KVCache(whole))
    var dice = Dice(seed: UInt64(reach))
    var (sharp, borders) = (0, 0)
    for tokens in [1, 3, 250, 1, 1, 5, 600, 1, 300, 1, 1, 1] {
      let (keys, values) = (dice.normals(tokens * d), dice.normals(tokens * d))
      try cache.append(keys: keys.span, values: values.span)
      try all.append(keys: keys.span, values: values.span)
      let decoded = try all.decoded(head: 0)
      // All queries of the appended tokens may be asked for; the last few are.
      let asked = min(tokens, 7)
      // Each head looks for a token at the window's border: the first that is seen, or the last that is not.
      let queries = (0..<2 * asked).flatMap { row in
        let border = all.count - asked + 1 + row % asked - reach - row / asked
        return border < sinks
          ? dice.normals(d) : decoded.keys[border * d..<(border + 1) * d].map { 2 * $0 }
      }
      let found = try cache.attended(queries)
      let bound = try KernelBound(all, head: 0, decoded.keys, decoded.values, scale: 0.25)
      for row in 0..<2 * asked {
        let q = queries[row * d..<(row + 1) * d]
        let visible = all.count - asked + 1 + row % asked
        func expected(_ reach: Int) -> Reference {
          reference(
            q, keys: decoded.keys, values: decoded.values, visible: visible, valueDimension: d,
            scale: 0.25, sinks: sinks, reach: reach)
        }
        let right = expected(reach)
        let bounds = try bound.bounds(Array(q), right)
        for i in 0..<d {
          let error = abs(Double(found[row * d + i]) - right.output[i])
          #expect(error <= bounds[i], "\(all.count) tokens, coordinate \(i) of row \(row)")
        }
        // A token more or less would be beyond the bound; without a border there is none.
        guard visible - reach - row / asked >= sinks else { continue }
        let wrong = expected(row < asked ? reach - 1 : reach + 1)
        let off = zip(wrong.output, right.output).map { abs($0 - $1) }
        if zip(off, bounds).contains(where: { $0 > 2 * $1 }) { sharp += 1 }
        borders += 1
      }
      #expect(cache.count == all.count)
      // What is held: the window, what of a page has not gone yet, and what came with the last call; float16
      // tokens count less than three times, the centres less than d.
      let held = cache.memory.total / (2 * 12)  // bytes of a row of codes, keys and values
      #expect(held <= reach + tokens + Page.rowCount + 3 * (sinks + window) + d, "\(held) held")
    }
    // The token that is looked for has most of the weight, but for a key that is short.
    #expect(sharp * 10 >= borders * 9 && (borders > 20) == (reach < 1000), "\(sharp) of \(borders)")
    #expect(reach > 1000 || cache.memory.total < all.memory.total)
  }

  @Test("What is forgotten cannot be asked for") func forgotten() throws {
    let codec = try codec(300, sinks: 2, window: 0)
    var cache = KVCache(codec)
    let floats = [Float](repeating: 0.5, count: 1000 * Self.d)
    try cache.append(keys: floats.span, values: floats.span)
    let token = [Float](repeating: 1, count: Self.d)
    try cache.append(keys: token.span, values: token.span)
    // 1,000 tokens came at once, of which the next query sees 701 to 1,000: two pages are gone.
    #expect(cache.firstHeld == 2 + 512)
    let queries = [Float](repeating: 1, count: 2 * 900 * Self.d)
    let before = try cache.attended(Array(queries[..<(2 * Self.d)]))
    let refused = #expect(throws: KVCacheError.self) { try cache.attended(queries) }
    #expect(refused?.kind == .forgotten(before: 514))
    let error = #expect(throws: KVCacheError.self) { try cache.truncate(to: 800) }
    #expect(error?.kind == .forgotten(before: 514))
    #expect(try cache.attended(Array(queries[..<(2 * Self.d)])) == before)
    let scratch = try Scratch()
    try cache.save(to: scratch.file("cache.tqkv"))
    let again = try KVCache(opening: scratch.file("cache.tqkv"), codec: codec)
    #expect(again.count == cache.count && again.firstHeld == 514)
    #expect(try again.attended(Array(queries[..<(2 * Self.d)])) == before)
    // The next query, of token 814, sees from 514 on; and the sinks stay for good.
    try cache.truncate(to: 813)
    try expectTheLeastThatASnapshotHolds(cache)
    try cache.truncate(to: 2)
    #expect(cache.firstHeld == 2 && cache.count == 2)
    try cache.append(keys: floats.span, values: floats.span)
    #expect(cache.count == 1002)
  }

  /// A snapshot of a cache that holds just what the next query sees opens; one that holds a token less is refused.
  private func expectTheLeastThatASnapshotHolds(_ cache: KVCache) throws {
    let scratch = try Scratch()
    let path = scratch.file("least.tqkv")
    try cache.save(to: path)
    var again = try KVCache(opening: path, codec: cache.codec)
    let token = [Float](repeating: 1, count: Self.d)
    try again.append(keys: token, values: token)
    _ = try again.attend([Float](repeating: 1, count: 2 * Self.d))
    var forged = try SnapshotSection.all(of: path)
    #expect(forged[1].name == "tokens")
    // Stored tokens: two bytes of a u64.
    let stored = Int(forged[1].bytes[16]) | Int(forged[1].bytes[17]) << 8
    #expect(stored == 299)
    put(UInt64(stored - 1), at: 16, in: &forged[1].bytes)
    try SnapshotSection.write(forged, to: path)
    let error = #expect(throws: KVCacheError.self) {
      try KVCache(opening: path, codec: cache.codec)
    }
    #expect(error?.description.contains("512 tokens forgotten, 298 tokens") == true)
  }

  @Test("The first and last layers may be kept more exactly") func boundary() throws {
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 8)
    let configuration = KVConfiguration(shape: shape, keys: .bits(3), values: .bits(2))
    func layer(_ ordinal: Int, of layers: Int, _ boundary: Int) throws -> KVConfiguration {
      try configuration.configuration(
        forLayer: ordinal, of: layers, boundary: boundary, keys: .bits(8), values: .bits(4))
    }
    let rates = try (0..<6).map { try layer($0, of: 6, 2).keys }
    #expect(rates == [.bits(8), .bits(8), .bits(3), .bits(3), .bits(8), .bits(8)])
    #expect(try layer(0, of: 1, 0) == configuration)
    #expect(try layer(0, of: 1, 1).values == .bits(4))
  }
}
