internal import TurboQuantEvaluation
internal import TurboQuantKVCache

extension Command {
  /// `turboquant benchmark retrieval`.
  static let benchmarkRetrieval = Command(
    name: "benchmark retrieval", summary: "Count the trials in which caches find every needle.",
    discussion: """
      Draws contexts for one attention head that has what makes caches of trained models lose tokens:
      channels of uneven scale, keys with a long common bias, first tokens that every query scores high,
      and recent tokens ahead of older ones. Each trial hides needles in a new context, with one query
      each. A needle is found when its query's attention is nearer to its value than to any other. A trial
      counts when all needles are found, in this cache as in a float32 cache. Beside codes, caches have
      exact tokens (4 sinks, a window of 64), the mean as centre, and equalization, whose statistics come
      from another context.
      """,
    operands: [],
    options: [
      .retrievalTokens, .retrievalDimensions, .retrievalRates, .trials, .retrievalNeedles, .lead,
      .bias, .calibrationTokens, .retrievalSeed, .json,
    ],
    run: runRetrievalBenchmark)
}

extension Option {
  fileprivate static let retrievalTokens = Option(
    name: "tokens", value: "N,…", help: "Tokens of context. Default 4096,32768,131072.")
  fileprivate static let retrievalDimensions = Option(
    name: "dimension", value: "D,…", help: "Coordinates of keys and values. Default 64,128.")
  fileprivate static let retrievalRates = Option(
    name: "bits", value: "B,…",
    help:
      "Bits of keys and values, or KEYS/VALUES such as 2/16; of keys up to 8. Default 2/16,2,3,4.")
  fileprivate static let trials = Option(
    name: "trials", value: "N", help: "Contexts of each length. Default 30.")
  fileprivate static let retrievalNeedles = Option(
    name: "needles", value: "N", help: "Needles in each context. Default 5.")
  fileprivate static let lead = Option(
    name: "lead", value: "Z",
    help: "How far a needle scores above the mean, in standard deviations. Default 7.")
  fileprivate static let bias = Option(
    name: "bias", value: "B",
    help: "Length of the common bias, in lengths of keys without it; from 1 on. Default 8.")
  fileprivate static let calibrationTokens = Option(
    name: "calibration", value: "N", help: "Tokens that equalization is found from. Default 4096.")
  fileprivate static let retrievalSeed = Option(
    name: "seed", value: "N", help: "Seed of rotations and data. Default 0.")
}

private func runRetrievalBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let contexts =
    try arguments.integers(.retrievalTokens, in: 256...1 << 22) ?? [4096, 32_768, 131_072]
  let dimensions = try arguments.integers(.retrievalDimensions, in: 2...1 << 12) ?? [64, 128]
  let precisions = try (arguments.list(.retrievalRates) ?? ["2/16", "2", "3", "4"]).map {
    let precision = try cachePrecisions($0, arguments)
    guard case .codes = precision.0 else {
      throw arguments.wrong("--bits: “\($0)” keeps keys as floats, not as codes of up to 8 bits")
    }
    return precision
  }
  let trials = try arguments.integer(.trials, in: 1...10_000) ?? 30
  let needles = try arguments.integer(.retrievalNeedles, in: 1...64) ?? 5
  let lead = try number(.lead, in: 0...1000, arguments) ?? 7
  let bias = try number(.bias, in: 1...1000, arguments) ?? 8
  let calibration = try arguments.integer(.calibrationTokens, in: 256...1 << 20) ?? 4096
  let seed = try arguments.integer(.retrievalSeed, in: UInt64.min...UInt64.max) ?? 0
  for dimension in dimensions {
    let largest = ModelledHead.largestLead(dimension: dimension)
    guard lead <= largest else {
      throw arguments.wrong(
        "--lead: \(Numbers.plain(lead)) is more than \(dimension) coordinates allow, which is "
          + Numbers.fixed(largest, 2))
    }
  }
  let benchmarks = try dimensions.map { dimension in
    try RetrievalBenchmark(
      ModelledHead(dimension: dimension, bias: bias, seed: seed), precisions, needles: needles,
      lead: lead, calibrationTokens: calibration, seed: seed)
  }
  let caches = contexts.count * trials * benchmarks.reduce(0) { $0 + $1.cacheCount }
  let progress = Progress("retrieval", total: caches, unit: "caches", console)
  defer { progress.finish() }
  var results: [RetrievalResult] = []
  for benchmark in benchmarks {
    for tokens in contexts {
      results += try benchmark.run(tokens: tokens, trials: trials) { progress.advance() }
    }
  }
  progress.finish()
  console.write(
    arguments.has(.json) ? try JSON.text(results) : text(results, lead: lead, bias: bias))
}

private func number(
  _ option: Option, in range: ClosedRange<Double>, _ arguments: Arguments
) throws -> Double? {
  guard let text = arguments.text(option) else { return nil }
  guard let value = Double(text), range.contains(value) else {
    throw arguments.wrong(
      "--\(option.name): “\(text)” is not a number from \(Numbers.plain(range.lowerBound)) to "
        + Numbers.plain(range.upperBound))
  }
  return value
}

private func text(_ results: [RetrievalResult], lead: Double, bias: Double) -> String {
  guard let first = results.first else { return "" }
  var table = Table([
    ("d", .right), ("tokens", .right), ("keys", .left), ("values", .left), ("with", .left),
    ("bytes/token", .right), ("trials", .right), ("needles", .right),
  ])
  for r in results {
    table.append([
      "\(r.dimension)", Numbers.grouped(r.tokens), r.keys, r.values, r.step,
      Numbers.fixed(r.bytesPerToken, 1), "\(r.foundTrials)", "\(r.foundNeedles)",
    ])
  }
  return table.lines.joined(separator: "\n")
    + "\n\ntrials of \(first.trials) in which all needles are found, as in float32; needles found of "
    + "\(first.needles); lead \(Numbers.plain(lead)), bias \(Numbers.plain(bias)), seed \(first.seed)\n"
}
