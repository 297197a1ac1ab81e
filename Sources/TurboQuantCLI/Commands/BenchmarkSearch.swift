internal import TurboQuant
internal import TurboQuantFiles
internal import TurboQuantIndex

extension Command {
  /// `turboquant benchmark search`.
  static let benchmarkSearch = Command(
    name: "benchmark search", summary: "Time searches on this machine.",
    discussion: """
      Builds an index and searches it with every query one by one and with all at once, beside a plain
      read of as many bytes as the codes take. Times are medians over the repeats.
      """,
    operands: [],
    options: SearchBenchmark.options + [.repeats, .results, .skipRecall, .benchmarkThreads, .json],
    run: runSearchBenchmark)
}

/// What the benchmarks that search have in common.
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
    name: "bits", value: "B,…", help: "Rates: 1, 2, 3, 4, 8. Default 2,4.")
  /// The number of results.
  static let searchCount = Option(
    name: "count", value: "K", help: "Results a query. Default 10.")
  fileprivate static let results = Option(
    name: "results", value: "FILE.npy",
    help: "Write the rows found, queries × count float32 numbers.")
  fileprivate static let skipRecall = Option(
    name: "skip-recall", help: "Do not compute exact neighbours.")
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
        "exact neighbours are computed for --metric ip and cosine alone; add --skip-recall")
    }
    let progress = Progress("exact search", total: queries.count, unit: "queries", console)
    defer { progress.finish() }
    let (rows, asked) =
      options.metric == .cosine ? (base.directions, queries.directions) : (base, queries)
    let threads = try arguments.threads()
    truth = GroundTruth(rows: rows, queries: asked, threads: threads, progress)
  }
  let progress = Progress(
    "benchmark", total: rates.count * repeats * (queries.count + 1), unit: "searches", console)
  defer { progress.finish() }
  var reports: [SearchTiming] = []
  for bits in rates {
    var trial = try SearchTrial(
      base, queries, options, bits: bits, count: count, threads: threads)
    try trial.run(repeats: repeats, progress)
    if let results { try trial.write(to: results) }
    reports.append(trial.report(truth))
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

/// One index, its searches timed one by one and all together.
private struct SearchTrial {
  let index: VectorIndex
  let queries: VectorSet
  let count: Int
  let options: SearchOptions
  let buildSeconds: Double
  private var singles: [Double] = []
  private var batches: [Double] = []
  private var reads: [Double] = []
  private var hits: [[Hit]] = []
  private var finishedFraction = 0.0
  private let plain: PlainBytes

  init(
    _ base: VectorSet, _ queries: VectorSet, _ options: IndexOptions, bits: Int, count: Int,
    threads: Int
  ) throws {
    let start = ContinuousClock.now
    var index = try options.index(
      dimension: base.dimension, bits: bits, mean: options.isCentred ? options.mean(of: base) : nil)
    try index.add(base.values, threads: threads)
    buildSeconds = (ContinuousClock.now - start).seconds
    self.index = index
    self.queries = queries
    self.count = count
    self.options = SearchOptions(exactness: options.exactness, threads: threads)
    plain = PlainBytes(count: index.count * (index.codec.layout.codes.count))
  }

  mutating func run(repeats: Int, _ progress: Progress) throws {
    for _ in 0..<repeats {
      for number in 0..<queries.count {
        let query = Array(queries.values[queries.floats(number..<number + 1)])
        let start = ContinuousClock.now
        let found = try index.search(query, count: count, options: options)
        singles.append((ContinuousClock.now - start).seconds * 1e6)
        guard found.count == 1 else { throw CommandFailure("a search returned no list") }
        progress.advance()
      }
      var start = ContinuousClock.now
      let found = try index.measuredSearch(queries.values, count: count, options: options)
      batches.append((ContinuousClock.now - start).seconds * 1e6 / Double(queries.count))
      hits = found.hits
      finishedFraction = Double(found.statistics.finished) / Double(max(1, found.statistics.rows))
      start = .now
      plain.read()
      reads.append((ContinuousClock.now - start).seconds * 1e6)
      progress.advance()
    }
  }

  /// Writes the rows found, 2²⁴ rows at most since float32 counts no further.
  func write(to path: String) throws {
    guard index.count <= 1 << 24 else {
      throw CommandFailure("--results holds row numbers up to 16,777,216 only")
    }
    var writer = try NpyWriter(path, dimension: count)
    for list in hits {
      let rows = list.map { Float($0.id) } + [Float](repeating: -1, count: count - list.count)
      try writer.append(rows.span)
    }
    try writer.finish()
  }

  func report(_ truth: GroundTruth?) -> SearchTiming {
    var agreement = Agreement()
    if let truth {
      for (list, nearest) in zip(hits, truth.nearest) {
        agreement.addSearch(found: list.prefix(10).map { Int($0.id) }, expected: nearest.rows)
      }
    }
    let isKnown = truth != nil && count >= 10
    return SearchTiming(
      bits: index.codec.rate.bitsPerCoordinate, dimension: queries.dimension, rows: index.count,
      queries: queries.count, count: count, threads: options.threads,
      exactness: options.exactness.name, bytesPerVector: index.bytesPerVector,
      buildSeconds: buildSeconds, singleMedian: singles.median, singleLeast: singles.min() ?? 0,
      singleMost: singles.max() ?? 0, batch: batches.median, read: reads.median,
      finishedFraction: finishedFraction,
      recallAt10: Nullable(isKnown ? agreement.recallAt10 : nil),
      recall1At1: Nullable(truth == nil ? nil : agreement.recall1At1),
      recall1At10: Nullable(isKnown ? agreement.recall1At10 : nil))
  }
}

/// How fast and how well one index was searched: the fields of `benchmark search --json`.
private struct SearchTiming: Encodable {
  let bits: Double
  let dimension: Int
  let rows: Int
  let queries: Int
  let count: Int
  let threads: Int
  let exactness: String
  let bytesPerVector: Int
  let buildSeconds: Double
  let singleMedian: Double
  let singleLeast: Double
  let singleMost: Double
  let batch: Double
  let read: Double
  let finishedFraction: Double
  let recallAt10: Nullable<Double>
  let recall1At1: Nullable<Double>
  let recall1At10: Nullable<Double>

  enum CodingKeys: String, CodingKey {
    case bits, dimension, rows, queries, count, threads, exactness
    case bytesPerVector = "bytes_per_vector"
    case buildSeconds = "build_seconds"
    case singleMedian = "single_us_median"
    case singleLeast = "single_us_least"
    case singleMost = "single_us_most"
    case batch = "batch_us_per_query"
    case read = "read_us"
    case finishedFraction = "finished_fraction"
    case recallAt10 = "recall_at_10"
    case recall1At1 = "recall_1_at_1"
    case recall1At10 = "recall_1_at_10"
  }

  static func text(_ reports: [SearchTiming]) -> String {
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
      + "\(first.count) results, \(first.exactness), \(first.threads) \(plural); times in µs a query, medians;\n"
      + "plain read: of as many bytes as the codes take; read whole: rows whose code was\n"
  }
}

extension Exactness {
  /// What the command line calls it.
  var name: String {
    switch self {
    case .exhaustive: "exhaustive"
    case .certified: "certified"
    }
  }
}
