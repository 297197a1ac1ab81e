internal import TurboQuantEvaluation
internal import TurboQuantIndex

extension Command {
  /// `turboquant benchmark certificate`.
  static let benchmarkCertificate = Command(
    name: "benchmark certificate",
    summary: "Count how often certified searches differ from exhaustive ones.",
    discussion: """
      Builds an index for each of many rotations, searches it both ways and counts the results that
      differ. The limit beside the count is exceeded with probability 1% if the promise holds.
      """,
    operands: [],
    options: SearchBenchmark.options
      + [.certificateSeeds, .decodedQueries, .benchmarkThreads, .json],
    run: runCertificateBenchmark)
}

extension Option {
  fileprivate static let certificateSeeds = Option(
    name: "seeds", value: "N", help: "Number of rotations; their seeds start at --seed. Default 20."
  )
  fileprivate static let decodedQueries = Option(
    name: "decoded-queries",
    help: "Use decoded rows as queries; they depend on the seed.")
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
        ? try index.decodedRows(queries.count, seed: UInt64(number)) : queries.values
      try report.add(index, asked, threads: threads)
      progress.advance()
    }
    reports.append(report)
  }
  progress.finish()
  console.write(
    arguments.has(.json) ? try JSON.text(reports) : CertificateReport.text(reports))
}

extension CertificateReport {
  fileprivate static func text(_ reports: [CertificateReport]) -> String {
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
