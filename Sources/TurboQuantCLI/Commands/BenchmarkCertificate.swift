internal import TurboQuant
internal import TurboQuantIndex
internal import TurboQuantThreads

extension Command {
  /// `turboquant benchmark certificate`.
  static let benchmarkCertificate = Command(
    name: "benchmark certificate",
    summary: "Count how often certified searches differ from exhaustive ones.",
    discussion: """
      Builds an index for each of many rotations, searches it both ways, and holds the number of
      results that differ against the one that the promised probability exceeds once in a hundred times.
      """,
    operands: [],
    options: SearchBenchmark.options
      + [.certificateSeeds, .decodedQueries, .benchmarkThreads, .json],
    run: runCertificateBenchmark)
}

extension Option {
  fileprivate static let certificateSeeds = Option(
    name: "seeds", value: "N", help: "Rotations: seeds from --seed on. Default 20.")
  fileprivate static let decodedQueries = Option(
    name: "decoded-queries",
    help: "Ask with decoded rows, which depend on the seed, in place of the queries.")
}

private func runCertificateBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let options = try IndexOptions(arguments)
  let rates = try arguments.integers(.indexRates, in: 1...8) ?? [2, 4]
  let count = try arguments.integer(.searchCount, in: 1...1 << 20) ?? 10
  let threads = try arguments.integer(.benchmarkThreads, in: 1...1024) ?? 1
  let seeds = try arguments.integer(.certificateSeeds, in: 1...10_000) ?? 20
  let (base, queries) = try searchVectors(arguments, console)
  let progress = Progress(
    "certificate", total: rates.count * seeds, unit: "rotations", console)
  defer { progress.finish() }
  var reports: [CertificateReport] = []
  for bits in rates {
    var report = CertificateReport(
      bits: bits, rows: base.count, dimension: base.dimension, count: count,
      probability: options.failureProbability)
    for number in 0..<seeds {
      var index = try options.index(
        dimension: base.dimension, bits: bits,
        mean: options.isCentred ? options.mean(of: base) : nil, seedOffset: UInt64(number))
      try index.add(base.values, threads: threads)
      let asked =
        arguments.has(.decodedQueries)
        ? try decodedRows(index, queries.count, seed: UInt64(number)) : queries.values
      try report.add(index, asked, threads: threads)
      progress.advance()
    }
    reports.append(report)
  }
  progress.finish()
  console.write(
    arguments.has(.json) ? try JSON.text(reports) : CertificateReport.text(reports))
}

/// Decoded rows, chosen at random.
private func decodedRows(_ index: VectorIndex, _ count: Int, seed: UInt64) throws -> [Float] {
  var stream = RandomStream(seed: seed, purpose: .sampling)
  return try (0..<count).flatMap { _ in
    try index.reconstruct(UInt64(stream.nextInteger(below: UInt32(index.count))))
  }
}

/// Certified searches held against exhaustive ones: the fields of `benchmark certificate --json`.
private struct CertificateReport: Encodable {
  let bits: Int
  let rows: Int
  let dimension: Int
  let count: Int
  let probability: Double
  var searches = 0
  var failures = 0
  var limit = 0
  var finishedFraction = 0.0

  enum CodingKeys: String, CodingKey {
    case bits, rows, dimension, count, searches, failures
    case probability = "failure_probability"
    case limit = "failures_99_percent_limit"
    case finishedFraction = "finished_fraction"
  }

  init(bits: Int, rows: Int, dimension: Int, count: Int, probability: Double) {
    self.bits = bits
    self.rows = rows
    self.dimension = dimension
    self.count = count
    self.probability = probability
  }

  mutating func add(_ index: VectorIndex, _ queries: [Float], threads: Int) throws {
    var options = SearchOptions(
      exactness: .certified(failureProbability: probability), threads: threads)
    // Small indexes too are to show what choosing costs.
    options.smallRest = 0
    let certified = try index.measuredSearch(queries, count: count, options: options)
    let exhaustive = try index.search(
      queries, count: count, options: SearchOptions(exactness: .exhaustive, threads: threads))
    let new = exhaustive.count
    let fraction =
      Double(certified.statistics.finished) / Double(max(1, certified.statistics.rows))
    finishedFraction =
      (finishedFraction * Double(searches) + fraction * Double(new)) / Double(searches + new)
    searches += new
    failures += zip(certified.hits, exhaustive).count { $0 != $1 }
    limit = Self.binomialLimit(searches, probability)
  }

  /// The least number that a binomial variable exceeds with probability at most 1%.
  private static func binomialLimit(_ trials: Int, _ p: Double) -> Int {
    guard p < 1 else { return trials }
    // Terms from their logarithms' recurrence, so that no power underflows.
    var logTerm = Double(trials) * Portable.log(1 - p)
    var sum = 0.0
    for k in 0...trials {
      sum += logTerm > -700 ? Portable.exp(logTerm) : 0
      if sum >= 0.99 { return k }
      logTerm += Portable.log(Double(trials - k) / Double(k + 1) * p / (1 - p))
    }
    return trials
  }

  static func text(_ reports: [CertificateReport]) -> String {
    guard let first = reports.first else { return "" }
    var table = Table([
      ("bits", .right), ("searches", .right), ("differ", .right), ("99% limit", .right),
      ("read whole", .right),
    ])
    for r in reports {
      table.append([
        "\(r.bits)", Numbers.grouped(r.searches), Numbers.grouped(r.failures),
        Numbers.grouped(r.limit), Numbers.fixed(100 * r.finishedFraction, 2) + "%",
      ])
    }
    return table.lines.joined(separator: "\n")
      + "\n\n\(Numbers.grouped(first.rows)) rows × \(first.dimension), \(first.count) results; promised to "
      + "differ from the exhaustive result at most once in \(Numbers.significant(1 / first.probability, 3))\n"
  }
}
