internal import TurboQuant
internal import TurboQuantKVCache

extension Command {
  /// `turboquant benchmark attention`.
  static let benchmarkAttention = Command(
    name: "benchmark attention", summary: "Time decoding steps on compressed caches.",
    discussion: """
      Fills a float32, a float16 and compressed caches with the same seeded random keys and values and
      attends with one query a head. The caches take turns, and a plain read of the float32 cache's own
      bytes; times are medians over the repeats.
      """,
    operands: [],
    options: [
      .cacheTokens, .queryHeads, .keyValueHeads, .headDimension, .cacheRates, .centring, .repeats,
      .cacheSeed,
      .benchmarkThreads, .json,
    ],
    run: runAttentionBenchmark)
}

extension Option {
  fileprivate static let cacheTokens = Option(
    name: "tokens", value: "N", help: "Tokens held. Default 32768.")
  fileprivate static let queryHeads = Option(
    name: "query-heads", value: "H,…", help: "Query heads. Default 8,32.")
  fileprivate static let keyValueHeads = Option(
    name: "kv-heads", value: "H", help: "Key/value heads. Default 8.")
  fileprivate static let headDimension = Option(
    name: "dimension", value: "D", help: "Coordinates of a key and of a value. Default 128.")
  fileprivate static let cacheRates = Option(
    name: "bits", value: "B,…",
    help: "Bits of keys and values, or KEYS/VALUES such as 4/3. Default 4,3,2.")
  fileprivate static let centring = Option(
    name: "centring", value: "KIND",
    help: "none (default), mean, or turned: a mean that turns with rotary embedding of base 10000.")
  fileprivate static let cacheSeed = Option(
    name: "seed", value: "N", help: "Seed of rotations and data. Default 0.")
}

private func runAttentionBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let tokens = try arguments.integer(.cacheTokens, in: 1...1 << 24) ?? 32_768
  let queryHeads = try arguments.integers(.queryHeads, in: 1...1 << 16) ?? [8, 32]
  let keyValueHeads = try arguments.integer(.keyValueHeads, in: 1...1 << 16) ?? 8
  let dimension = try arguments.integer(.headDimension, in: 1...1 << 16) ?? 128
  let repeats = try arguments.integer(.repeats, in: 1...10_000) ?? 5
  let threads = try arguments.integer(.benchmarkThreads, in: 1...1024) ?? 1
  let seed = try arguments.integer(.cacheSeed, in: UInt64.min...UInt64.max) ?? 0
  let rates = try (arguments.list(.cacheRates) ?? ["4", "3", "2"]).map {
    try precisions($0, arguments)
  }
  let centring = try centring(arguments, dimension: dimension)
  let settings: [(KVPrecision, KVPrecision)] =
    [(.float32, .float32), (.float16, .float16)] + rates
  let progress = Progress(
    "attention", total: queryHeads.count * (settings.count + repeats), unit: "steps", console)
  defer { progress.finish() }
  var timings: [AttentionTiming] = []
  for heads in queryHeads {
    guard heads % keyValueHeads == 0 else {
      throw arguments.wrong(
        "--query-heads: \(heads) is not a multiple of the \(keyValueHeads) key/value heads (--kv-heads)"
      )
    }
    let shape = KVShape(
      queryHeads: heads, keyValueHeads: keyValueHeads, keyDimension: dimension)
    var trial = try AttentionTrial(
      shape, settings, centring, tokens: tokens, seed: seed, threads: threads, progress)
    timings += try trial.run(repeats: repeats, progress)
  }
  progress.finish()
  console.write(arguments.has(.json) ? try JSON.text(timings) : text(timings))
}

/// The precisions that “4” or “4/3” name.
private func precisions(
  _ text: String, _ arguments: Arguments
) throws -> (KVPrecision, KVPrecision) {
  let parts = text.split(separator: "/", maxSplits: 1).map { part in
    Double(part).flatMap { KVPrecision(bitsPerCoordinate: $0) }
  }
  guard let keys = parts.first ?? nil, let values = parts.last ?? nil else {
    throw arguments.wrong(
      "--bits: “\(text)” is not 1, 1.5, 2 … 8, 16 or 32, nor two of them as in 4/3")
  }
  return (keys, values)
}

private func centring(_ arguments: Arguments, dimension: Int) throws -> KVCentring {
  switch arguments.text(.centring) ?? "none" {
  case "none": return .none
  case "mean": return .mean
  case "turned":
    let pairs = dimension / 2
    return .rotaryMean(
      RotaryEmbedding(
        frequencies: (0..<pairs).map {
          Portable.exp(-Portable.log(10_000) * Double($0) / Double(pairs))
        }))
  case let other: throw arguments.wrong("--centring: “\(other)” is not none, mean or turned")
  }
}

/// Caches of one shape that attend in turn.
private struct AttentionTrial {
  private let shape: KVShape
  private let threads: Int
  private let query: [Float]
  private var output: [Float]
  private var caches: [(cache: KVCache, appendSeconds: Double)] = []

  init(
    _ shape: KVShape, _ settings: [(KVPrecision, KVPrecision)], _ centring: KVCentring,
    tokens: Int, seed: UInt64, threads: Int, _ progress: Progress
  ) throws {
    self.shape = shape
    self.threads = threads
    var stream = RandomStream(seed: seed, purpose: .testData)
    // One block of tokens again and again: time does not depend on what the codes say.
    let block = min(tokens, 1024)
    let count = shape.keyValueHeads * block * shape.keyDimension
    let keys = (0..<count).map { _ in Float(stream.nextNormal()) }
    let values = (0..<count).map { _ in Float(stream.nextNormal()) }
    query = (0..<shape.queryHeads * shape.keyDimension).map { _ in Float(stream.nextNormal()) }
    output = [Float](repeating: 0, count: shape.queryHeads * shape.valueDimension)
    for (keyPrecision, valuePrecision) in settings {
      var configuration = KVConfiguration(
        shape: shape, keys: keyPrecision, values: valuePrecision)
      configuration.seed = seed
      configuration.centring = centring
      let codec = try KVCodec(configuration)
      var (cache, start) = (KVCache(codec), ContinuousClock.now)
      // Twice, so that the second time memory is there that the first had to ask the system for.
      for _ in 0..<2 {
        cache = KVCache(codec)
        start = ContinuousClock.now
        while cache.count < tokens {
          try cache.append(keys: keys.span, values: values.span, threads: threads)
        }
      }
      try cache.truncate(to: tokens)
      caches.append((cache, (ContinuousClock.now - start).seconds))
      progress.advance()
    }
  }

  mutating func run(repeats: Int, _ progress: Progress) throws -> [AttentionTiming] {
    let (query, threads) = (query, threads)
    var steps = [[Double]](repeating: [], count: caches.count)
    var reads: [Double] = []
    for _ in 0..<repeats {
      for i in caches.indices {
        let cache = caches[i].cache
        let start = ContinuousClock.now
        var target = output.mutableSpan
        try cache.attend(query.span, into: &target, threads: threads)
        steps[i].append((ContinuousClock.now - start).seconds * 1e3)
      }
      let start = ContinuousClock.now
      caches[0].cache.forEachPage(PlainBytes.read)
      reads.append((ContinuousClock.now - start).seconds * 1e3)
      progress.advance()
    }
    return caches.indices.map { i in
      let cache = caches[i].cache
      let vectors = 2 * shape.keyValueHeads * cache.count
      return AttentionTiming(
        keys: "\(cache.codec.configuration.keys)", values: "\(cache.codec.configuration.values)",
        tokens: cache.count, queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
        dimension: shape.keyDimension, threads: threads, repeats: repeats,
        bytes: cache.memory.total, step: steps[i].median,
        againstFloat32: zip(steps[0], steps[i]).map { $0 / $1 }.median,
        againstFloat16: zip(steps[1], steps[i]).map { $0 / $1 }.median,
        read: reads.median, appendedPerSecond: Double(vectors) / caches[i].appendSeconds)
    }
  }
}

/// One cache's times: the fields of `benchmark attention --json`.
private struct AttentionTiming: Encodable {
  let keys, values: String
  let tokens, queryHeads, keyValueHeads, dimension, threads, repeats, bytes: Int
  let step, againstFloat32, againstFloat16, read, appendedPerSecond: Double

  enum CodingKeys: String, CodingKey {
    case keys, values, tokens, dimension, threads, repeats, bytes
    case queryHeads = "query_heads"
    case keyValueHeads = "kv_heads"
    case step = "step_ms"
    case againstFloat32 = "speed_over_float32"
    case againstFloat16 = "speed_over_float16"
    case read = "plain_read_of_float32_ms"
    case appendedPerSecond = "vectors_appended_per_second"
  }
}

private func text(_ timings: [AttentionTiming]) -> String {
  guard let first = timings.first else { return "" }
  var table = Table([
    ("query heads", .right), ("keys", .left), ("values", .left), ("bytes", .right),
    ("step ms", .right), ("× float32", .right), ("× float16", .right), ("append M/s", .right),
  ])
  for t in timings {
    table.append([
      "\(t.queryHeads)", t.keys, t.values, Numbers.bytes(Double(t.bytes)),
      Numbers.significant(t.step, 3), Numbers.fixed(t.againstFloat32, 2),
      Numbers.fixed(t.againstFloat16, 2), Numbers.significant(t.appendedPerSecond / 1e6, 3),
    ])
  }
  return table.lines.joined(separator: "\n")
    + "\n\n\(Numbers.grouped(first.tokens)) tokens, \(first.keyValueHeads) key/value heads of "
    + "\(first.dimension), \(Numbers.counted(first.threads, "thread")), medians of \(first.repeats); a plain "
    + "read of the float32 cache takes \(Numbers.significant(first.read, 3)) ms ("
    + "\(Numbers.significant(Double(first.bytes) / first.read / 1e6, 3)) GB/s), "
    + "\(Numbers.fixed(first.read / first.step, 2)) of a step over it\n"
}
