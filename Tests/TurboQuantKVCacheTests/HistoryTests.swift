import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantKVCache

/// A cache is what its history of calls leaves: appends, truncations, forks and snapshots in any order
/// against a list of tokens kept by the rules in ``KVCache``'s documentation.
@Suite struct HistoryTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// One token: as it came, and whether it is a code by now.
  struct Token {
    let key: [Float]
    let value: [Float]
    var isSink = false
    var isCode = false
  }

  struct Model {
    var tokens: [Token] = []
    let sinks: Int
    let window: Int

    mutating func append(_ token: Token) {
      let isSink = tokens.count < sinks && tokens.allSatisfy(\.isSink)
      tokens.append(token)
      tokens[tokens.count - 1].isSink = isSink
      let exact = tokens.indices.filter { !tokens[$0].isSink && !tokens[$0].isCode }
      if exact.count > window { tokens[exact[0]].isCode = true }
    }
  }

  @Test(arguments: 1...(isOptimizedBuild ? 20 : 2) as ClosedRange<UInt64>) func anyHistory(
    seed: UInt64
  ) throws {
    var dice = Dice(seed: seed)
    let d = [5, 64, 80][dice.below(3)]
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: d), keys: .bits(4),
      values: .bits(2))
    configuration.sinks = dice.below(3) * 2
    configuration.window = dice.below(3) * 40
    let codec = try KVCodec(configuration)
    var forks = [
      (
        cache: KVCache(codec),
        model: Model(sinks: configuration.sinks, window: configuration.window)
      )
    ]
    for step in 0..<(isOptimizedBuild ? 60 : 15) {
      let i = dice.below(forks.count)
      switch dice.below(9) {
      case 0 where forks.count < 4: forks.append(forks[i])
      case 3:
        // A snapshot over the one before, from which other forks may still read.
        try forks[i].cache.save(to: scratch.file("cache.tqkv"))
        forks[i].cache = try KVCache(opening: scratch.file("cache.tqkv"), codec: codec)
      case 4:
        let first = dice.below(forks[i].cache.count + 1)
        let most = forks[i].cache.count - first
        // Whole pages too, and few tokens at either end.
        let n = [dice.below(most + 1), min(most, dice.below(4)), most / 256 * 256][dice.below(3)]
        try forks[i].cache.remove(first..<first + n)
        forks[i].model.tokens.removeSubrange(first..<first + n)
      case 1, 2:
        let count = dice.below(forks[i].cache.count + 1)
        try forks[i].cache.truncate(to: count)
        forks[i].model.tokens.removeLast(forks[i].model.tokens.count - count)
      default:
        let n = dice.below(2) == 0 ? 1 : 1 + dice.below(300)
        let (keys, values) = (dice.normals(n * d), dice.normals(n * d))
        try forks[i].cache.append(
          keys: keys.span, values: values.span, at: forks[i].cache.nextPosition)
        for t in 0..<n {
          forks[i].model.append(
            Token(key: Array(keys[t * d..<(t + 1) * d]), value: Array(values[t * d..<(t + 1) * d])))
        }
      }
      for (cache, model) in forks { try expectEqual(cache, model, "seed \(seed), step \(step)") }
    }
  }

  /// Every code is the code of its own token, whatever came before, between and after.
  private func expectEqual(_ cache: KVCache, _ model: Model, _ place: String) throws {
    try #require(cache.count == model.tokens.count, "\(place)")
    let head = cache.heads[0]
    let rounds = cache.codec.configuration.sinks + cache.codec.configuration.window > 0
    func rounded(_ x: [Float]) -> [Float] { rounds ? x.map { Float(Float16($0)) } : x }
    for (vectors, codec, vector) in [
      (head.keys, cache.codec.keyCodec, \Token.key), (head.values, cache.codec.valueCodec, \.value),
    ] {
      guard case .codes(let groups, _) = vectors.stored, let codec else {
        Issue.record("no codes")
        return
      }
      let coded = model.tokens.filter(\.isCode).flatMap { rounded($0[keyPath: vector]) }
      let (pages, groupCodec) = (groups[0], codec.channelGroups[0])
      let (stored, expected) = (
        Rows(pages, groupCodec), Rows(try groupCodec.rows(of: coded.span), groupCodec)
      )
      #expect(stored == expected, "\(place)")
      for (rows, isSink) in [(vectors.sinks, true), (vectors.window, false)] {
        let exact = model.tokens.filter { !$0.isCode && $0.isSink == isSink }
          .flatMap { $0[keyPath: vector] }
        #expect(rows.halves == exact.map(float16Bits) && rows.floats == [], "\(place)")
      }
    }
    #expect(
      cache.memory.keyBytes + cache.memory.valueBytes
        == model.tokens.count(where: \.isCode)
        * ((cache.codec.keyCodec?.rowByteCount ?? 0) + (cache.codec.valueCodec?.rowByteCount ?? 0)))
  }

  /// Packed codes and scales of all rows.
  private struct Rows: Equatable {
    var codes: [[UInt8]] = []
    var scales: [Float] = []

    init(_ pages: CodePages, _ codec: ChannelGroupCodec) {
      for number in 0..<pages.pageCount {
        let page = pages.opened(number, codec)
        for row in 0..<min(Page.rowCount, pages.count - number * Page.rowCount) {
          codes.append(
            (0..<codec.codeByteCount).map { page.bytes.byte(at: row * codec.codeByteCount + $0) })
          scales.append(page.bytes.float32(at: codec.openLayout.scaleOffset + 4 * row))
        }
      }
    }

    init(_ rows: CodedRows, _ codec: ChannelGroupCodec) {
      codes = (0..<rows.count).map {
        Array(rows.bytes[$0 * rows.stride..<$0 * rows.stride + codec.codeByteCount])
      }
      scales = rows.scales
    }
  }

  @Test("One call or many: the same bytes at an equal centre")
  func oneCallOrMany() throws {
    let n = 150
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 2, keyValueHeads: 2, keyDimension: 80), keys: .bits(3),
      values: .bits(3))
    configuration.sinks = 2
    configuration.window = 10
    configuration.centering = .mean
    let codec = try KVCodec(configuration)
    var dice = Dice(seed: 4)
    let (keys, values) = (dice.normals(2 * n * 80), dice.normals(2 * n * 80))
    var (whole, steps) = (KVCache(codec), KVCache(codec))
    // The centre is that of the first call beyond the sinks, which is therefore the same.
    try whole.append(keys, values, 0..<50, of: n)
    try steps.append(keys, values, 0..<50, of: n)
    try whole.append(keys, values, 50..<n, of: n)
    for t in 50..<n { try steps.append(keys, values, t..<t + 1, of: n) }
    let queries = dice.normals(2 * 80)
    #expect(try whole.attended(queries) == steps.attended(queries))
    #expect(whole.memory == steps.memory)
    // Truncating to nothing forgets the centre; anything else keeps it.
    let center = whole.heads[0].keys.center
    try whole.truncate(to: 1)
    #expect(whole.heads[0].keys.center == center && !center.isEmpty)
    try whole.truncate(to: 0)
    #expect(whole.heads[0].keys.center.isEmpty)
  }

  @Test("A fork copies at most a page") func forksShare() throws {
    let codec = try KVCodec(
      KVConfiguration(
        shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 64), keys: .bits(2),
        values: .bits(2)))
    var cache = KVCache(codec)
    let floats = [Float](repeating: 0.5, count: 900 * 64)
    try cache.append(keys: floats.span, values: floats.span)
    var fork = cache
    // The last page takes them with the four that were waiting to fill a seal batch.
    let tokens = [Float](repeating: 1, count: 28 * 64)
    try fork.append(keys: tokens.span, values: tokens.span)
    guard case .codes(let groups, _) = cache.heads[0].keys.stored, let a = groups.first,
      case .codes(let others, _) = fork.heads[0].keys.stored, let b = others.first
    else {
      Issue.record("no codes")
      return
    }
    for page in 0..<4 {
      let same = unsafe a.sealed.page(page).withUnsafeBytes { p in
        unsafe b.sealed.page(page).withUnsafeBytes { unsafe $0.baseAddress == p.baseAddress }
      }
      #expect(same == (page < 3), "page \(page)")
    }
    #expect(cache.count == 900 && fork.count == 928)
  }
}
