internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantKVCache

extension Command {
  /// `turboquant benchmark attention`.
  static let benchmarkAttention = Command(
    name: "benchmark attention", summary: "Time decoding steps on compressed caches.",
    discussion: """
      Fills a float32, a float16 and compressed caches with the same seeded random keys and values and
      attends with one query per head. The caches take turns with a plain read of the float32 cache's
      bytes; times are medians over the repeats.
      """,
    operands: [],
    options: [
      .cacheTokens, .queryHeads, .keyValueHeads, .headDimension, .cacheRates, .keyQuantizers,
      .centering, .equalization, .repeats, .cacheSeed, .benchmarkThreads, .json,
    ],
    run: runAttentionBenchmark)
}

extension Option {
  fileprivate static let cacheTokens = Option(
    name: "tokens", value: "N", help: "Tokens in the cache. Default 32768.")
  fileprivate static let queryHeads = Option(
    name: "query-heads", value: "H,…", help: "Query heads. Default 8,32.")
  fileprivate static let keyValueHeads = Option(
    name: "kv-heads", value: "H", help: "Key/value heads. Default 8.")
  fileprivate static let headDimension = Option(
    name: "dimension", value: "D", help: "Coordinates of each key and value. Default 128.")
  fileprivate static let cacheRates = Option(
    name: "bits", value: "B,…",
    help: "Bits of keys and values, or KEYS/VALUES such as 4/3. Default 4,3,2.")
  fileprivate static let keyQuantizers = Option(
    name: "key-quantizers", value: "NAME,…",
    help: "Quantizers of keys: scalar (default), polar (3 … 8 bits) or both; values take scalar.")
  fileprivate static let centering = Option(
    name: "centering", value: "KIND",
    help: "none (default), mean, or rotary-mean, which turns with rotary embedding of base 10000.")
  fileprivate static let equalization = Option(
    name: "equalization", value: "KIND,…",
    help: "none (default), diagonal or matrix: a cache for each, where keys are codes.")
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
  let quantizers = try keyQuantizers(arguments)
  let rates = try (arguments.list(.cacheRates) ?? ["4", "3", "2"]).flatMap { text in
    let (keys, values) = try cachePrecisions(text, arguments)
    return quantizers.map { (keys: keys.coded(by: $0), values: values) }
  }
  let centering = try centering(arguments, dimension: dimension)
  let settings = try settings(rates, arguments)
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
      shape, settings, centering, tokens: tokens, seed: seed, threads: threads,
      progress.advance(by:))
    timings += try trial.run(repeats: repeats, progress.advance(by:))
  }
  progress.finish()
  console.write(arguments.has(.json) ? try JSON.text(timings) : text(timings))
}

/// The precisions of keys and values that “4” or “4/3” name.
func cachePrecisions(
  _ text: String, _ arguments: Arguments
) throws -> (keys: KVPrecision, values: KVPrecision) {
  let parts = text.split(separator: "/", maxSplits: 1).map { part in
    Double(part).flatMap { KVPrecision(bitsPerCoordinate: $0) }
  }
  guard let keys = parts.first ?? nil, let values = parts.last ?? nil else {
    throw arguments.wrong(
      "--bits: “\(text)” is not 1, 1.5, 2 … 8, 16 or 32, nor two of them as in 4/3")
  }
  return (keys, values)
}

/// Floats, and each pair of precisions with each equalization that it takes.
private func settings(
  _ precisions: [(keys: KVPrecision, values: KVPrecision)], _ arguments: Arguments
) throws -> [AttentionSetting] {
  let kinds = try (arguments.list(.equalization) ?? ["none"]).map { text in
    let kind = KVEqualization.Kind(rawValue: text)
    guard kind != nil || text == "none" else {
      throw arguments.wrong("--equalization: “\(text)” is not none, diagonal or matrix")
    }
    return kind
  }
  var settings = [KVPrecision.float32, .float16].map { AttentionSetting(keys: $0, values: $0) }
  for (keys, values) in precisions {
    for kind in kinds {
      settings.append(AttentionSetting(keys: keys, values: values, equalization: kind))
    }
  }
  return settings
}

private func keyQuantizers(_ arguments: Arguments) throws -> [Quantizer] {
  try (arguments.list(.keyQuantizers) ?? ["scalar"]).map { name in
    switch name {
    case "scalar": .scalar
    case "polar": .polar()
    default: throw arguments.wrong("--key-quantizers: “\(name)” is not scalar or polar")
    }
  }
}

extension KVPrecision {
  /// The same rate by another quantizer; floats stay floats.
  fileprivate func coded(by quantizer: Quantizer) -> KVPrecision {
    if case .codes(let rate, _, _) = self { .codes(rate, quantizer: quantizer) } else { self }
  }
}

private func centering(_ arguments: Arguments, dimension: Int) throws -> KVCentering {
  switch arguments.text(.centering) ?? "none" {
  case "none": return .none
  case "mean": return .mean
  case "rotary-mean":
    let pairs = dimension / 2
    return .rotaryMean(
      RotaryEmbedding(
        frequencies: (0..<pairs).map {
          Portable.exp(-Portable.log(10_000) * Double($0) / Double(pairs))
        }))
  case let other: throw arguments.wrong("--centering: “\(other)” is not none, mean or rotary-mean")
  }
}

private func text(_ timings: [AttentionTiming]) -> String {
  guard let first = timings.first else { return "" }
  var table = Table([
    ("query heads", .right), ("keys", .left), ("values", .left), ("equalization", .left),
    ("bytes", .right),
    ("step ms", .right), ("× float32", .right), ("× float16", .right), ("append M/s", .right),
  ])
  for t in timings {
    table.append([
      "\(t.queryHeads)", t.keys, t.values, t.equalization, Numbers.bytes(Double(t.bytes)),
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
