internal import TurboQuant
internal import TurboQuantEvaluation

extension Command {
  /// `turboquant demo`.
  static let demo = Command(
    name: "demo", summary: "Show the program at work on 5,000 real embeddings that come with it.",
    discussion: """
      The vectors are all-MiniLM-L6-v2 embeddings of Debian package descriptions, which are under the
      licences of their packages; 200 short descriptions are the queries.
      """,
    operands: [], options: [.threads, .seed, .json], run: runDemo)
}

private func runDemo(_ arguments: Arguments, _ console: Console) throws {
  let threads = try arguments.threads()
  let seed = try arguments.integer(.seed, in: 0...UInt64.max) ?? 0
  let report = try DemoReport(of: DemoData(), threads: threads, seed: seed, console)
  console.write(
    arguments.has(.json) ? try JSON.text(report) : DemoPage(report: report, console: console).text)
}

/// Everything that the demo shows.
struct DemoReport: Encodable {
  /// The rate of the codes that the queries are shown with.
  static let shownBits = 2
  /// The queries shown: the first ones, not the best ones.
  static let shownQueries = 0..<5
  /// The seeds that distortions are averaged over.
  static let seedCount = 8

  /// One query and what it finds.
  struct Search: Encodable {
    /// What was asked.
    let query: String
    /// The nearest by exact float32 products.
    let exact: [Hit]
    /// The nearest by the codes.
    let estimated: [Hit]
  }

  /// A text that was found.
  struct Hit: Encodable {
    /// The text.
    let text: String
    /// Its inner product with the query, exact or estimated.
    let score: Double
    /// Its place in the exact order, from 1, when it is among the first ten.
    let exactPlace: Int?

    /// The names in JSON.
    enum CodingKeys: String, CodingKey {
      case text, score
      case exactPlace = "exact_place"
    }
  }

  /// One per configuration.
  let measurements: [Measurement]
  /// One per query shown.
  let searches: [Search]
  /// The rate of the codes in `searches`.
  let searchBits = Self.shownBits

  /// The names in JSON.
  enum CodingKeys: String, CodingKey {
    case measurements, searches
    case searchBits = "search_bits"
  }
}

extension DemoReport {
  private static let configurations: [(Quantizer, Int)] =
    [1, 2, 3, 4].map { (.scalar, $0) } + [2, 3, 4].map { (.twoStage(), $0) }

  /// Measures every configuration on `data`.
  init(of data: DemoData, threads: Int, seed: UInt64, _ console: Console) throws {
    let searchCount = data.queries.count * (1 + Self.configurations.count)
    let progress = Progress("demo", total: searchCount, unit: "searches", console)
    defer { progress.finish() }
    let evaluation = Evaluation(
      rows: data.rows, queries: data.queries, threads: threads, progress.advance(by:))
    var measurements: [Measurement] = []
    var searches: [Search] = []
    for (quantizer, bits) in Self.configurations {
      let codec = try Codec(
        dimension: data.rows.dimension, rate: .bits(bits), quantizer: quantizer, seed: seed)
      let encoded = try evaluation.encoded(by: codec, seedCount: Self.seedCount)
      if quantizer == .scalar, bits == Self.shownBits {
        searches = try Self.searches(data, evaluation, encoded)
      }
      measurements.append(
        try evaluation.measurement(
          of: encoded, by: codec.standardEstimator, progress.advance(by:)))
    }
    self.measurements = measurements
    self.searches = searches
  }

  /// The exact and the estimated nearest texts of the queries that are shown.
  private static func searches(
    _ data: DemoData, _ evaluation: Evaluation, _ encoded: Evaluation.Encoded
  ) throws -> [Search] {
    try shownQueries.clamped(to: 0..<data.queries.count).map { query in
      let estimator = encoded.codec.standardEstimator
      let estimated = try evaluation.nearest(query, encoded, by: estimator).entries.prefix(3)
      let exact = evaluation.truth.nearest[query]
      return Search(
        query: data.queryTexts[query],
        exact: exact.entries.prefix(3).enumerated().map { place, entry in
          Hit(text: data.rowTexts[entry.row], score: Double(entry.score), exactPlace: place + 1)
        },
        estimated: estimated.map { entry in
          let place = exact.rows.firstIndex(of: entry.row).map { $0 + 1 }
          return Hit(text: data.rowTexts[entry.row], score: entry.score, exactPlace: place)
        })
    }
  }
}
