import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantKVCache

/// Centres that are fixed once there are enough tokens, which wait until then as they are.
@Suite struct CenterTests {
  static let d = 64
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func codec(
    _ centering: KVCentering = .mean, _ change: (inout KVConfiguration) -> Void = { _ in }
  ) throws -> KVCodec {
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: Self.d)
    var configuration = KVConfiguration(shape: shape, keys: .bits(2), values: .bits(2))
    configuration.centering = centering
    change(&configuration)
    return try KVCodec(configuration)
  }

  /// A mean as long as the vectors differ from it.
  private static func floats(_ tokens: Int, seed: UInt64) -> [Float] {
    var dice = Dice(seed: seed)
    let mean = dice.normals(d)
    return dice.normals(tokens * d).enumerated().map { $1 + mean[$0 % d] }
  }

  /// As it was before tokens waited.
  @Test("A first append of enough tokens fixes their mean") func longAppend() throws {
    for tokens in [32, 33, 300] {
      var cache = KVCache(try codec())
      let floats = Self.floats(tokens, seed: 1)
      try cache.append(keys: floats, values: floats)
      let means = (0..<Self.d).map { i in
        Float((0..<tokens).reduce(0) { $0 + Double(floats[$1 * Self.d + i]) } / Double(tokens))
      }
      #expect(cache.heads[0].keys.center == means && cache.heads[0].values.center == means)
      #expect(cache.memory.exactBytes == 0)
    }
  }

  @Test("Fewer wait as they are, and do not depend on how they come") func fewTokens() throws {
    let floats = Self.floats(40, seed: 2)
    for (sinks, window) in [(0, 0), (2, 0), (3, 5), (0, 50)] {
      let codec = try codec(.rotaryMean(SlidingWindowTests.rotary)) {
        ($0.sinks, $0.window) = (sinks, window)
      }
      let rounded = sinks + window > 0 ? floats.map { Float(Float16($0)) } : floats
      var (cache, steps) = (KVCache(codec), KVCache(codec))
      let waiting = sinks + 31
      try cache.append(floats, floats, 0..<waiting, of: 40)
      for t in 0..<waiting { try steps.append(floats, floats, t..<t + 1, of: 40) }
      for cache in [cache, steps] {
        #expect(try cache.decoded(head: 0).keys == Array(rounded[..<(waiting * Self.d)]))
        #expect(cache.memory.keyBytes == 0 && cache.memory.centerBytes == 0)
        try cache.expectAttention(Array(floats[..<Self.d]), "\(sinks) sinks, window \(window)")
      }
      // Whatever happens then happens to both, to a fork and to what a snapshot holds.
      try steps.save(to: scratch.file("waiting"))
      var others = [steps, try KVCache(opening: scratch.file("waiting"), codec: codec)]
      try cache.append(floats, floats, waiting..<waiting + 1, of: 40)
      for i in others.indices {
        try others[i].append(floats, floats, waiting..<waiting + 1, of: 40)
        #expect(others[i].heads[0].keys.center == cache.heads[0].keys.center)
        #expect(others[i].memory == cache.memory)
        let q = Array(floats[..<Self.d])
        #expect(try others[i].attend(q) == cache.attend(q))
      }
      #expect(cache.heads[0].keys.windowCount == min(window, 32))
      #expect(cache.memory.centerBytes == 2 * 4 * Self.d)
    }
  }

  @Test("Tokens that are taken back or removed do not count") func counting() throws {
    var cache = KVCache(try codec())
    let floats = Self.floats(40, seed: 3)
    try cache.append(floats, floats, 0..<31, of: 40)
    try cache.truncate(to: 20)
    try cache.remove(3..<8)
    try cache.append(floats, floats, 20..<36, of: 40)
    #expect(cache.heads[0].keys.windowCount == 31 && cache.heads[0].keys.center.isEmpty)
    try cache.append(floats, floats, 36..<37, of: 40)
    let used = Array(0..<3) + Array(8..<37)
    let mean = used.reduce(0) { $0 + Double(floats[$1 * Self.d]) } / 32
    #expect(cache.heads[0].keys.center[0] == Float(mean))
    try cache.truncate(to: 0)
    #expect(cache.heads[0].keys.center.isEmpty && cache.nextPosition == 0)
  }

  /// The mean of n tokens leaves 1 + 1/n of what the true one leaves; n = 1 leaves twice as much.
  @Test("Thirty-two tokens are enough, one is worse than none") func loss() throws {
    let tokens = isOptimizedBuild ? 4000 : 400
    func loss(_ centering: KVCentering, after: Int) throws -> Double {
      var sum = 0.0
      for seed in 0..<UInt64(8) {
        // Shorter than the tokens differ from it: half their deviation.
        var dice = Dice(seed: 100 + seed)
        let mean = dice.normals(Self.d, scale: 0.5)
        let floats = dice.normals(tokens * Self.d).enumerated().map { $1 + mean[$0 % Self.d] }
        var cache = KVCache(
          try codec(centering) { ($0.seed, $0.centerTokens) = (seed, after) })
        for t in 0..<after { try cache.append(floats, floats, t..<t + 1, of: tokens) }
        try cache.append(floats, floats, after..<tokens, of: tokens)
        let found = try cache.decoded(head: 0).keys
        sum += zip(found, floats).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      }
      return sum
    }
    let none = try loss(.none, after: 1)
    let (one, enough, all) = (
      try loss(.mean, after: 1), try loss(.mean, after: 32), try loss(.mean, after: tokens - 1)
    )
    // Energies to quantize: 1.25 with no centre, 2, 1 + 1/32, 1. Each has an error of its own that is 6 · √(2/64/8)
    // of it at most, since a head's mean, and what it is off, are 64 numbers, drawn eight times; most cancels.
    #expect(one > 1.25 * none, "\(one), \(none) with no centre")
    #expect(enough < 0.95 * none && enough / all < 1 + 2.0 / 32, "\(enough), \(all), \(none)")
    print(
      "lost with a mean of 1, 32, all tokens, and none: \(one / all), \(enough / all), 1, \(none / all)"
    )
  }

  @Test("A snapshot says with how many tokens its centre is fixed") func otherNumber() throws {
    let codec = try codec()
    var cache = KVCache(codec)
    let floats = Self.floats(60, seed: 4)
    try cache.append(floats, floats, 0..<20, of: 60)
    try cache.save(to: scratch.file("x"))
    let good = try SnapshotSection.all(of: scratch.file("x"))
    #expect(good[1].bytes[40] == 2 && good[1].bytes[41] == 1 && good[1].bytes[48] == 32)
    var other = good
    other[1].bytes[48] = 50
    try SnapshotSection.write(other, to: scratch.file("y"))
    cache = try KVCache(opening: scratch.file("y"), codec: codec)
    try cache.append(floats, floats, 20..<49, of: 60)
    #expect(cache.heads[0].keys.windowCount == 49)
    try cache.save(to: scratch.file("y"))
    #expect(try SnapshotSection.all(of: scratch.file("y"))[1].bytes[48] == 50)
    try cache.append(floats, floats, 49..<50, of: 60)
    #expect(cache.heads[0].keys.windowCount == 0)
    // What no cache writes: more tokens than wait, none, a centre and none, a centre that nothing asks for.
    for (at, value) in [(48, 20), (48, 0), (41, 0), (4, 1), (16, 1), (32, 1)] as [(Int, UInt8)] {
      var forged = good
      forged[1].bytes[at] = value
      try SnapshotSection.write(forged, to: scratch.file("z"))
      let error = #expect(throws: KVCacheError.self, "\(at)") {
        try KVCache(opening: scratch.file("z"), codec: codec)
      }
      #expect(error?.description.contains("“tokens”") == true, "\(error?.description ?? "")")
    }
    let plain = try self.codec(.none) { $0.window = 30 }
    var uncentred = KVCache(plain)
    try uncentred.append(floats, floats, 0..<20, of: 60)
    try uncentred.save(to: scratch.file("x"))
    var forged = try SnapshotSection.all(of: scratch.file("x"))
    (forged[1].bytes[41], forged[1].bytes[48]) = (1, 32)
    try SnapshotSection.write(forged, to: scratch.file("z"))
    #expect(throws: KVCacheError.self) { try KVCache(opening: scratch.file("z"), codec: plain) }
  }
}
