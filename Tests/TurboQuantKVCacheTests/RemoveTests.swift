import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantKVCache

/// Tokens removed from the front, the middle and the end; ``HistoryTests`` compares codes, this the rest.
@Suite struct RemoveTests {
  static let d = 16
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(
    "Positions are those of a list from which tokens are taken",
    arguments: 1...20 as ClosedRange<UInt64>)
  func positions(seed: UInt64) throws {
    var dice = Dice(seed: seed)
    var (positions, list, next) = (Positions(), [Int](), 0)
    for _ in 0..<200 {
      switch dice.below(5) {
      case 0 where !list.isEmpty:
        let first = dice.below(list.count + 1)
        let n = min(list.count - first, dice.below(6))
        list.removeSubrange(first..<first + n)
        positions.remove(first..<first + n)
        if list.isEmpty { positions = Positions() }
      case 1 where !list.isEmpty:
        let count = max(0, list.count - dice.below(5))
        if count < list.count { next = list[count] }
        list.removeLast(list.count - count)
        positions.truncate(to: count)
      default:
        for _ in 0..<dice.below(9) {
          list.append(next)
          next += 1
        }
      }
      if list.isEmpty { (positions, next) = (Positions(), 0) }
      #expect(list.indices.map { positions.position(of: $0) } == list)
      #expect(positions.position(of: list.count) == next)
      #expect(positions.all(0..<list.count) == list)
      let part = list.count / 3..<list.count
      #expect(positions.all(part) == Array(list[part]))
      for p in 0...next { #expect(positions.token(from: p) == list.count { $0 < p }) }
      // A gap may be the last thing, and is read back.
      #expect(Positions(positions.gaps) == positions)
      for (a, b) in zip(positions.gaps, positions.gaps.dropFirst()) { #expect(a.end < b.position) }
    }
  }

  private func codec(_ change: (inout KVConfiguration) -> Void) throws -> KVCodec {
    let shape = KVShape(queryHeads: 2, keyValueHeads: 1, keyDimension: Self.d)
    var configuration = KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4))
    change(&configuration)
    return try KVCodec(configuration)
  }

  @Test("Bad ranges are refused and change nothing") func refusals() throws {
    var cache = KVCache(try codec { $0.sinks = 2 })
    let floats = [Float](repeating: 1, count: 9 * Self.d)
    try cache.append(keys: floats, values: floats)
    let q = [Float](repeating: 1, count: 2 * Self.d)
    let before = try cache.attend(q)
    for range in [-1..<3, 0..<10, 10..<10, 9..<11, .min ..< .max] {
      let error = #expect(throws: KVCacheError.self) { try cache.remove(range) }
      #expect(error?.kind == .tooManyTokens(asked: range.upperBound, held: 9))
    }
    for range in [0..<0, 4..<4, 9..<9] { try cache.remove(range) }
    #expect(try cache.attend(q) == before && cache.count == 9 && cache.nextPosition == 9)
    try cache.remove(2..<5)
    let error = #expect(throws: KVCacheError.self) {
      try cache.append(keys: floats, values: floats, at: 6)
    }
    #expect(error?.kind == .outOfOrder(position: 6, expected: 9))
    #expect(error?.description.contains("6 are held and 3 were removed; append at 9") == true)
    try cache.append(keys: floats, values: floats, at: 9)
    #expect(cache.count == 15 && cache.nextPosition == 18)
    try cache.remove(0..<15)
    #expect(cache.count == 0 && cache.nextPosition == 0 && cache.memory.total == 0)
  }

  /// Sinks that are gone are not replaced while another token is held, as tokens that were codes cannot be exact again.
  @Test func sinks() throws {
    var cache = KVCache(try codec { $0.sinks = 4 })
    var dice = Dice(seed: 1)
    let floats = dice.normals(40 * Self.d)
    try cache.append(floats, floats, 0..<20, of: 40)
    try cache.remove(1..<3)
    try cache.append(floats, floats, 20..<22, of: 40)
    #expect(cache.heads[0].keys.sinkCount == 2 && cache.count == 20)
    try cache.remove(2..<20)
    try cache.append(floats, floats, 22..<30, of: 40)
    #expect(cache.heads[0].keys.sinkCount == 4 && cache.count == 10 && cache.nextPosition == 30)
    let expected = [0, 3, 22, 23].flatMap { t in
      floats[t * Self.d..<(t + 1) * Self.d].map { Float(Float16($0)) }
    }
    #expect(try Array(cache.decoded(head: 0).keys.prefix(4 * Self.d)) == expected)
  }

  @Test("Whole pages are dropped, the others stay shared with forks") func pages() throws {
    for precision in [KVPrecision.bits(3), .float32, .float16] {
      let codec = try codec { ($0.keys, $0.values, $0.sinks) = (precision, precision, 4) }
      var cache = KVCache(codec)
      var dice = Dice(seed: 1)
      let floats = dice.normals(1030 * Self.d)
      try cache.append(keys: floats, values: floats)
      let fork = cache
      try cache.remove(4..<4 + 512)
      func address(_ cache: KVCache, _ page: Int) -> Int {
        var address = 0
        cache.heads[0].keys.stored.withPage(page) { bytes in
          unsafe bytes.withUnsafeBytes { address = Int(bitPattern: $0.baseAddress) }
        }
        return address
      }
      for page in 0..<2 { #expect(address(cache, page) == address(fork, page + 2)) }
      #expect(fork.count == 1030 && cache.count == 518)
      let (few, all) = (try cache.decoded(head: 0), try fork.decoded(head: 0))
      let kept = Array(all.keys[..<(4 * Self.d)] + all.keys[(516 * Self.d)...])
      #expect(few.keys == kept)
    }
  }

  /// A query sees what a mask by positions shows it, never what has been forgotten.
  @Test("Sliding windows count positions") func slidingWindow() throws {
    let (reach, sinks, d) = (300, 3, Self.d)
    let rotary = SlidingWindowTests.rotary
    for (window, centering) in [(0, KVCentering.none), (20, .rotaryMean(rotary))] {
      let change = { (configuration: inout KVConfiguration) in
        (configuration.sinks, configuration.window, configuration.centering) = (
          sinks, window, centering
        )
      }
      var cache = KVCache(
        try codec {
          change(&$0)
          $0.slidingWindow = reach
        })
      var all = KVCache(try codec(change))
      var dice = Dice(seed: UInt64(window))
      // What is forgotten when it is removed, what is seen, and what will be.
      let removals = [5..<30, 600..<900, 3..<4, 100..<101, 1000..<1010, 0..<2, 700..<956]
      let appends = [700, 500, 1, 200, 1, 90, 1, 400]
      for (i, tokens) in appends.prefix(isOptimizedBuild ? 8 : 3).enumerated() {
        let (keys, values) = (dice.normals(tokens * d), dice.normals(tokens * d))
        try cache.append(keys: keys, values: values, at: cache.nextPosition)
        try all.append(keys: keys, values: values)
        for removal in removals[min(i, removals.count)...].prefix(1) {
          try cache.remove(removal)
          try all.remove(removal)
        }
        let path = scratch.file("x.tqkv")
        try cache.save(to: path)
        let again = try KVCache(opening: path, codec: cache.codec)
        #expect(again.positions == cache.positions && again.firstHeld == cache.firstHeld)
        cache = again
        // The next tokens' own queries never miss anything.
        var next = (cache, all)
        let token = dice.normals(d)
        try next.0.append(keys: token, values: token)
        try next.1.append(keys: token, values: token)
        let decoded = try next.1.decoded(head: 0)
        let positions = next.1.positions.all(0..<next.1.count)
        let held = next.1.heads[0].keys.sinkCount
        let q = dice.normals(2 * d)
        let found = try next.0.attend(q)
        for head in 0..<2 {
          let query = Array(q[head * d..<(head + 1) * d])
          let scores = positions.indices.map { t in
            t < held || positions[t] > next.1.nextPosition - 1 - reach
              ? dot(query, Array(decoded.keys[t * d..<(t + 1) * d])) / 4 : -.infinity
          }
          let expected = reference(scores: scores, values: decoded.values, valueDimension: d)
          let bounds = try KernelBound(
            next.0, head: 0, decoded.keys, decoded.values, scale: 0.25
          ).bounds(query, expected)
          for i in 0..<d {
            let error = abs(Double(found[head * d + i]) - expected.output[i])
            #expect(error <= bounds[i], "\(next.1.count) tokens, window \(window)")
          }
        }
      }
      #expect(cache.memory.total < all.memory.total && cache.count == all.count)
    }
  }

  @Test("Snapshots hold what was removed, and no more is believed") func snapshots() throws {
    let codec = try codec { ($0.sinks, $0.centering) = (2, .rotaryMean(SlidingWindowTests.rotary)) }
    var cache = KVCache(codec)
    var dice = Dice(seed: 4)
    let floats = dice.normals(300 * Self.d)
    try cache.append(keys: floats, values: floats)
    try cache.save(to: scratch.file("x"))
    #expect(try SnapshotSection.all(of: scratch.file("x")).count == 5)
    try cache.remove(10..<20)
    try cache.remove(100..<105)
    try cache.remove(0..<1)
    try cache.save(to: scratch.file("x"))
    var again = try KVCache(opening: scratch.file("x"), codec: codec)
    let (k, q) = (dice.normals(3 * Self.d), dice.normals(2 * Self.d))
    try cache.append(keys: k, values: k)
    try again.append(keys: k, values: k, at: 300)
    #expect(try again.attend(q) == cache.attend(q) && again.nextPosition == 303)
    let good = try SnapshotSection.all(of: scratch.file("x"))
    #expect(good.map(\.name) == SnapshotRecord.sections + ["removed"])
    let pairs: [UInt64] = [0, 1, 10, 10, 110, 5]
    #expect(good[5].bytes.count == 48)
    func bytes(_ words: [UInt64]) -> [UInt8] {
      words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
    #expect(good[5].bytes == bytes(pairs))
    let bad: [[UInt64]] = [
      [], [1], [0, 0], [0, 1, 1, 1], [5, 3, 2, 1], [0, 1, 290, 1], [1 << 41, 1], [0, 1 << 41],
      [.max, .max], [4, 9, 8, 9],
    ]
    for words in bad {
      var forged = good
      forged[5].bytes = bytes(words)
      try SnapshotSection.write(forged, to: scratch.file("bad"))
      let error = #expect(throws: KVCacheError.self, "\(words)") {
        try KVCache(opening: scratch.file("bad"), codec: codec)
      }
      #expect(error?.description.contains("“removed”") == true, "\(error?.description ?? "")")
    }
  }

  /// Sinks that are not full, with tokens beyond them, are there only where tokens were removed.
  @Test func forgedCounts() throws {
    let codec = try codec { $0.sinks = 2 }
    var cache = KVCache(codec)
    let floats = [Float](repeating: 1, count: 40 * Self.d)
    try cache.append(keys: floats, values: floats)
    try cache.remove(0..<1)
    try cache.save(to: scratch.file("x"))
    #expect(try KVCache(opening: scratch.file("x"), codec: codec).count == 39)
    let forged = try SnapshotSection.all(of: scratch.file("x")).dropLast()
    try SnapshotSection.write(Array(forged), to: scratch.file("bad"))
    let error = #expect(throws: KVCacheError.self) {
      try KVCache(opening: scratch.file("bad"), codec: codec)
    }
    #expect(error?.description.contains("1 sinks") == true, "\(error?.description ?? "")")
  }
}
