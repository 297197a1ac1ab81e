internal import TurboQuantEvaluation
internal import TurboQuantIndex

/// What a search of an index found: the fields of `index search --json`.
struct SearchReport: Encodable {
  /// What one query found.
  struct Result: Encodable {
    /// The query's row, from 0.
    let query: Int
    /// Its line of `--query-labels`.
    let label: Nullable<String>
    /// The rows, nearest first.
    let hits: [Hit]
  }

  /// A row that was found.
  struct Hit: Encodable {
    let id: UInt64
    /// Null if rows have none; an array of bytes where they are not UTF-8.
    let tag: Nullable<RowTag>
    /// Null where it is beyond float32.
    let score: Nullable<Float>
    let standardError: Nullable<Float>
    /// The ends of `interval(2)`, which holds the true score of about 95.4% of hits.
    let low: Nullable<Float>
    let high: Nullable<Float>
    /// The line of `--labels` that its id names.
    let label: Nullable<String>

    enum CodingKeys: String, CodingKey {
      case id, tag, score, low, high, label
      case standardError = "standard_error"
    }
  }

  let index: String
  let rows: Int
  let metric: String
  let threads: Int
  let seconds: Double
  let rerank: Nullable<Int>
  let results: [Result]
  var count = Nullable<Int>(nil)
  var limit = Nullable<Float>(nil)
  /// How codes were in fact read.
  private(set) var exactness = Exactness.exhaustive.name
  private(set) var failureProbability = Nullable<Double>(nil)
  /// The share of codes that was read whole.
  private(set) var finishedFraction = 1.0

  enum CodingKeys: String, CodingKey {
    case index, rows, metric, threads, seconds, rerank, results, count, exactness
    case limit = "within"
    case failureProbability = "failure_probability"
    case finishedFraction = "finished_fraction"
  }

  init(
    _ path: String, _ index: VectorIndex, _ options: SearchOptions, seconds: Double,
    results: [Result]
  ) {
    self.index = path
    rows = index.count
    metric = index.metric.name
    threads = options.threads
    self.seconds = seconds
    rerank = Nullable(options.rerank)
    self.results = results
  }

  mutating func note(
    _ statistics: SearchStatistics?, isRange: Bool, _ asked: Exactness, _ index: VectorIndex
  ) {
    if let statistics, statistics.rows > 0 {
      finishedFraction = Double(statistics.finished) / Double(statistics.rows)
    }
    guard !isRange, index.hasCertificate, case .certified(let probability) = asked else { return }
    exactness = asked.name
    failureProbability = Nullable(probability)
  }
}
