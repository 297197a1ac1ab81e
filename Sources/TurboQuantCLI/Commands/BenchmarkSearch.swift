internal import TurboQuantEvaluation
internal import TurboQuantFiles
internal import TurboQuantIndex

extension Command {
  /// `turboquant benchmark search`.
  static let benchmarkSearch = Command(
    name: "benchmark search", summary: "Time searches on this machine.",
    discussion: """
      Builds an index and searches it with the queries one by one and all at once. For comparison it
      reads as many bytes as the codes take. Times are medians over the repeats.
      """,
    operands: [],
    options: SearchBenchmark.options + [.repeats, .results, .skipRecall, .benchmarkThreads, .json],
    run: runSearchBenchmark)
}

/// What the search benchmarks have in common.
enum SearchBenchmark {
  /// Their options.
  static let options: [Option] =
    [.base, .searchQueries, .indexRates, .searchCount, .metric, .twoStage, .centre, .seed]
    + IndexOptions.searching
}

extension Option {
  /// The vectors to index.
  fileprivate static let base = Option(
    name: "base", value: "FILE", help: "Vectors to index. Default: the demo's.")
  /// The queries.
  fileprivate static let searchQueries = Option(
    name: "queries", value: "FILE", help: "Queries. Default: the demo's, or some rows of --base.")
  /// The rates of the indexes.
  static let indexRates = Option(
    name: "bits", value: "B,…", help: "Bits per coordinate: 1, 2, 3, 4 or 8. Default 2,4.")
  /// The number of results.
  static let searchCount = Option(
    name: "count", value: "K", help: "Results per query. Default 10.")
  fileprivate static let results = Option(
    name: "results", value: "FILE.npy",
    help: "Write the rows found: queries × count float32 numbers.")
  fileprivate static let skipRecall = Option(
    name: "skip-recall", help: "Do not compute the exact neighbours.")
}

private func runSearchBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let options = try IndexOptions(arguments)
  let rates = try arguments.integers(.indexRates, in: 1...8) ?? [2, 4]
  let count = try arguments.integer(.searchCount, in: 1...1 << 20) ?? 10
  let repeats = try arguments.integer(.repeats, in: 1...10_000) ?? 5
  let threads = try arguments.integer(.benchmarkThreads, in: 1...1024) ?? 1
  let results = try arguments.outputPath(
    .results, reading: [arguments.text(.base), arguments.text(.searchQueries)], console)
  let (base, queries) = try searchVectors(arguments, console)
  var truth: GroundTruth?
  if !arguments.has(.skipRecall) {
    guard options.metric != .squaredEuclidean else {
      throw arguments.wrong(
        "exact neighbours are computed for --metric ip and cosine only; add --skip-recall")
    }
    let progress = Progress("exact search", total: queries.count, unit: "queries", console)
    defer { progress.finish() }
    let (rows, asked) =
      options.metric == .cosine ? (base.directions, queries.directions) : (base, queries)
    let threads = try arguments.threads()
    truth = GroundTruth(
      rows: rows, queries: asked, threads: threads, progress.advance(by:))
  }
  let progress = Progress(
    "benchmark", total: rates.count * repeats * (queries.count + 1), unit: "searches", console)
  defer { progress.finish() }
  var reports: [SearchTiming] = []
  for bits in rates {
    var trial = try SearchTrial(
      queries, count: count, SearchOptions(exactness: options.exactness, threads: threads)
    ) {
      var index = try options.index(
        dimension: base.dimension, bits: bits,
        mean: options.isCentred ? options.mean(of: base) : nil)
      try index.add(base.values, threads: threads)
      return index
    }
    try trial.run(repeats: repeats, progress.advance(by:))
    if let results { try write(trial, to: results) }
    reports.append(trial.timing(truth))
  }
  progress.finish()
  console.write(arguments.has(.json) ? try JSON.text(reports) : SearchTiming.text(reports))
}

func searchVectors(
  _ arguments: Arguments, _ console: Console
) throws -> (VectorSet, VectorSet) {
  guard let path = arguments.text(.base) else {
    guard arguments.text(.searchQueries) == nil else {
      throw arguments.wrong("--queries needs --base, the vectors to index")
    }
    let data = try DemoData()
    return (data.rows, data.queries)
  }
  let base = try VectorSet(reading: path, limit: nil, console)
  guard let queryPath = arguments.text(.searchQueries) else {
    guard base.count > 1 else {
      throw CommandFailure(
        "\(path): \(Numbers.counted(base.count, "row")), expected at least 2 — "
          + (base.count == 0 ? "is it the right file?" : "give --queries"))
    }
    let split = base.splittingOff(queryCount: max(1, min(200, base.count / 10)), seed: 0)
    return (split.rows, split.queries)
  }
  let queries = try VectorSet(reading: queryPath, limit: nil, console)
  guard queries.dimension == base.dimension, queries.count > 0, base.count > 0 else {
    throw CommandFailure(
      "\(queryPath): \(queries.count) queries of dimension \(queries.dimension), expected some of "
        + "\(base.dimension) as in \(path)")
  }
  return (base, queries)
}

/// Writes the rows found; at most 2²⁴, the largest whole numbers that float32 holds exactly.
private func write(_ trial: SearchTrial, to path: String) throws {
  guard trial.index.count <= 1 << 24 else {
    throw CommandFailure("--results holds row numbers up to 16,777,216 only")
  }
  var writer = try NpyWriter(path, dimension: trial.count)
  for list in trial.hits {
    let missing = [Float](repeating: -1, count: trial.count - list.count)
    try writer.append((list.map { Float($0.id) } + missing).span)
  }
  try writer.finish()
}

extension SearchTiming {
  fileprivate static func text(_ reports: [SearchTiming]) -> String {
    guard let first = reports.first else { return "" }
    var table = Table([
      ("bits", .right), ("bytes", .right), ("build", .right), ("one by one", .right),
      ("batch", .right), ("plain read", .right), ("read whole", .right), ("R@10", .right),
      ("1@1", .right),
    ])
    for r in reports {
      table.append([
        Numbers.plain(r.bits), "\(r.bytesPerVector)", Numbers.significant(r.buildSeconds, 3) + " s",
        Numbers.significant(r.singleMedian, 3), Numbers.significant(r.batch, 3),
        Numbers.significant(r.read, 3), Numbers.fixed(100 * r.finishedFraction, 2) + "%",
        r.recallAt10.value.map { Numbers.fixed($0, 3) } ?? "–",
        r.recall1At1.value.map { Numbers.fixed($0, 3) } ?? "–",
      ])
    }
    let plural = first.threads == 1 ? "thread" : "threads"
    return table.lines.joined(separator: "\n")
      + "\n\n\(Numbers.grouped(first.rows)) rows × \(first.dimension), \(first.queries) queries for "
      + "\(first.count) results, \(first.exactness), \(first.threads) \(plural); median times in µs per query;\n"
      + "plain read: reading as many bytes as the codes take; read whole: rows whose code was read whole\n"
  }
}
