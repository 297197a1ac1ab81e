internal import TurboQuantEvaluation

extension Command {
  /// `turboquant benchmark codec`.
  static let benchmarkCodec = Command(
    name: "benchmark codec", summary: "Time encoding and decoding on this machine.",
    discussion: """
      Encodes and decodes seeded random unit vectors in memory, and copies the same number of floats
      for comparison. The three take turns; each time is the median over the repeats.
      """,
    operands: [],
    options: [.dimensions, .codecRates, .quantizer, .vectorCount, .repeats] + CodecOptions.shared
      + [.benchmarkThreads, .json],
    run: runCodecBenchmark)
}

extension Option {
  fileprivate static let dimensions = Option(
    name: "dimension", value: "D,…", help: "Dimensions. Default 384,768,1536.")
  fileprivate static let codecRates = Option(
    name: "bits", value: "B,…", help: "Rates. Default 1,2,3,4.")
  fileprivate static let vectorCount = Option(
    name: "count", value: "N", help: "Vectors per repeat. Default 10000.")
  /// How often everything is timed.
  static let repeats = Option(
    name: "repeats", value: "N", help: "Number of repeats. Default 5.")
  /// The number of threads: one by default, since times on one thread compare best.
  static let benchmarkThreads = Option(
    name: "threads", value: "T", help: "Threads to use. Default 1.")
}

private func runCodecBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let options = try CodecOptions(arguments)
  let quantizer = try options.quantizers([arguments.text(.quantizer) ?? "scalar"], arguments)[0]
  let dimensions = try arguments.integers(.dimensions, in: 1...1 << 24) ?? [384, 768, 1536]
  let rates = try (arguments.list(.codecRates) ?? ["1", "2", "3", "4"]).map {
    try arguments.rate($0)
  }
  let count = try arguments.integer(.vectorCount, in: 1...1 << 32) ?? 10_000
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
      var trial = CodecTrial(codec, vectors, threads: threads)
      timings.append(try trial.run(repeats: repeats, progress.advance(by:)))
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
    + "\n\nencode, decode, copy: µs per vector; \(first.quantizer), \(first.threads) \(plural), "
    + "\(Numbers.grouped(first.count)) vectors, median of \(first.repeats)\n"
}
