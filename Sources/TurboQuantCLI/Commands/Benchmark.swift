internal import TurboQuant
internal import TurboQuantFiles

extension Command {
  /// `turboquant benchmark`.
  static let benchmark = Command(
    name: "benchmark",
    summary: "Time the codec or searches, or test the certificate, on this machine.",
    discussion: """
      codec: encodes and decodes seeded random unit vectors from memory to memory, and copies as many
      floats for comparison; the three take turns. search: builds an index and searches it with every
      query one by one and with all at once, beside a plain read of as many bytes as the codes take.
      certificate: counts how often certified results differ from exhaustive ones over many rotations.
      Times are medians over the repeats.
      """,
    operands: [Operand(name: "WHAT", help: "codec, search or certificate.")],
    options: [.dimensions, .benchmarkRates, .quantizer, .count, .repeats] + CodecOptions.shared
      + [.base, .searchQueries, .metric, .twoStage, .centre] + IndexOptions.searching
      + [.results, .skipRecall, .certificateSeeds, .decodedQueries, .benchmarkThreads, .json],
    run: runBenchmark)
}

extension Option {
  fileprivate static let dimensions = Option(
    name: "dimension", value: "D,…", help: "codec: dimensions. Default 384,768,1536.")
  static let benchmarkRates = Option(
    name: "bits", value: "B,…", help: "Rates. Default 1,2,3,4; search: 1,2,4.")
  static let count = Option(
    name: "count", value: "N",
    help: "codec: vectors a repeat, default 10000; search: results a query, default 10.")
  static let repeats = Option(
    name: "repeats", value: "N", help: "Repeats. Default 5.")
  static let benchmarkThreads = Option(
    name: "threads", value: "T", help: "Threads to use. Default 1.")
}

private func runBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let what = arguments.operands[0]
  switch what {
  case "codec": try runCodecBenchmark(arguments, console)
  case "search": try runSearchBenchmark(arguments, console)
  case "certificate": try runCertificateBenchmark(arguments, console)
  case "attention": throw CommandFailure("“turboquant benchmark attention” is not built yet")
  default: throw arguments.wrong("WHAT is codec, search or certificate, not “\(what)”")
  }
}

private func runCodecBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let options = try CodecOptions(arguments)
  let quantizer = try options.quantizers([arguments.text(.quantizer) ?? "scalar"], arguments)[0]
  let dimensions = try arguments.integers(.dimensions, in: 1...1 << 24) ?? [384, 768, 1536]
  let rates = try (arguments.list(.benchmarkRates) ?? ["1", "2", "3", "4"]).map {
    try arguments.rate($0)
  }
  let count = try arguments.integer(.count, in: 1...1 << 32) ?? 10_000
  let repeats = try arguments.integer(.repeats, in: 1...10_000) ?? 5
  let threads = try arguments.integer(.benchmarkThreads, in: 1...1024) ?? 1
  let total = dimensions.count * rates.count * (repeats + 1)
  let progress = Progress("benchmark", total: total, unit: "repeats", console)
  defer { progress.finish() }
  var timings: [CodecTiming] = []
  for dimension in dimensions {
    let vectors = VectorSet.gaussian(count: count, dimension: dimension, seed: options.seed)
    for rate in rates {
      let codec = try options.codec(
        dimension: dimension, rate: rate, quantizer: quantizer, arguments)
      var trial = try CodecTrial(codec, vectors, threads: threads)
      timings.append(try trial.run(repeats: repeats, progress))
    }
  }
  progress.finish()
  console.write(arguments.has(.json) ? try JSON.text(timings) : text(timings))
}

private func text(_ timings: [CodecTiming]) -> String {
  guard let first = timings.first else { return "" }
  var table = Table([
    ("dimension", .right), ("bits", .right), ("bytes/vector", .right), ("encode", .right),
    ("decode", .right), ("copy", .right), ("encode floats", .right),
  ])
  for timing in timings {
    let speed = 4 * Double(timing.dimension) / (timing.encodeMicroseconds * 1e-6)
    table.append([
      "\(timing.dimension)", Numbers.plain(timing.bits), "\(timing.bytesPerVector)",
      Numbers.significant(timing.encodeMicroseconds, 3),
      Numbers.significant(timing.decodeMicroseconds, 3),
      Numbers.significant(timing.copyMicroseconds, 3), Numbers.bytes(speed) + "/s",
    ])
  }
  let plural = first.threads == 1 ? "thread" : "threads"
  return table.lines.joined(separator: "\n")
    + "\n\nencode, decode, copy: µs a vector; \(first.quantizer), \(first.threads) \(plural), "
    + "\(Numbers.grouped(first.count)) vectors, median of \(first.repeats)\n"
}
