internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantFiles

extension Command {
  /// `turboquant evaluate`.
  static let evaluate = Command(
    name: "evaluate", summary: "Measure what encoding does to your own vectors.",
    discussion: """
      Encodes the rows in every configuration, decodes them, searches them with the queries and compares
      with the float32 vectors. Without --queries, up to 200 rows are taken out and used as queries.
      Configurations that a quantizer does not offer are skipped.
      """,
    operands: [Operand(name: "IN", help: "Vectors: .npy, .fvecs or .fbin; - for standard input.")],
    options: [.queries, .bitsList, .quantizerList, .estimators, .limit, .seeds]
      + CodecOptions.shared
      + [.threads, .json],
    run: { arguments, console in
      try EvaluateCommand(arguments).run(path: arguments.operands[0], console)
    })
}

extension Option {
  fileprivate static let queries = Option(
    name: "queries", value: "FILE", help: "Queries, of the same dimension.")
  fileprivate static let bitsList = Option(
    name: "bits", value: "B,…", help: "Rates to try. Default 1,2,2.5,3,3.5,4.")
  fileprivate static let quantizerList = Option(
    name: "quantizer", value: "NAME,…",
    help: "Quantizers to try: scalar (default), two-stage, qjl, polar.")
  fileprivate static let estimators = Option(
    name: "estimator", value: "NAME,…",
    help: "Estimators to try: standard (default: the quantizer's own), reconstruction, "
      + "renormalized, matched-norm, two-stage.")
  fileprivate static let limit = Option(
    name: "limit", value: "N", help: "Read only the first N rows.")
  fileprivate static let seeds = Option(
    name: "seeds", value: "K",
    help: "Average mse over K seeds and give its standard error over rotations. Default 1.")
}

/// One run of `evaluate`.
private struct EvaluateCommand {
  private let arguments: Arguments
  private let options: CodecOptions
  private let quantizers: [Quantizer]
  private let rates: [Rate]
  /// Estimators to try; nil stands for the quantizer's standard one.
  private let estimators: [Estimator?]
  private let threads: Int
  private let limit: Int?
  private let seedCount: Int

  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    let options = try CodecOptions(arguments)
    self.options = options
    quantizers = try options.quantizers(arguments.list(.quantizerList) ?? ["scalar"], arguments)
    rates = try (arguments.list(.bitsList) ?? ["1", "2", "2.5", "3", "3.5", "4"]).map {
      try arguments.rate($0)
    }
    estimators = try (arguments.list(.estimators) ?? ["standard"]).map { name in
      if name == "standard" { return nil }
      guard let estimator = Estimator(rawValue: name) else {
        let offered = Estimator.allCases.map(\.rawValue).joined(separator: ", ")
        throw arguments.wrong("--estimator takes standard, \(offered), not “\(name)”")
      }
      return estimator
    }
    threads = try arguments.threads()
    limit = try arguments.integer(.limit, in: 2...Int.max)
    seedCount = try arguments.integer(.seeds, in: 1...1000) ?? 1
  }

  /// Measures the rows at `path` and prints the result.
  func run(path: String, _ console: Console) throws {
    let (rows, queries) = try load(path, console)
    let jobs = try jobs(dimension: rows.dimension, path)
    let searches = queries.count * (1 + jobs.reduce(0) { $0 + $1.estimators.count })
    let progress = Progress("evaluate", total: searches, unit: "searches", console)
    defer { progress.finish() }
    let evaluation = Evaluation(
      rows: rows, queries: queries, threads: threads, progress.advance(by:))
    var measurements: [Measurement] = []
    for job in jobs {
      let encoded = try naming(path) { try evaluation.encoded(by: job.codec, seedCount: seedCount) }
      for estimator in job.estimators {
        measurements.append(
          try evaluation.measurement(of: encoded, by: estimator, progress.advance(by:)))
      }
    }
    progress.finish()
    console.write(
      arguments.has(.json) ? try JSON.text(measurements) : text(measurements, path, console))
  }

  private func load(_ path: String, _ console: Console) throws -> (VectorSet, VectorSet) {
    let all = try VectorSet(reading: path, limit: limit, console)
    if let queryPath = arguments.text(.queries) {
      let queries = try VectorSet(reading: queryPath, limit: nil, console)
      guard queries.dimension == all.dimension else {
        throw CommandFailure(
          "\(queryPath): queries of dimension \(queries.dimension), expected \(all.dimension) as in "
            + "\(path) — were they made by the same model?")
      }
      guard all.count > 0, queries.count > 0 else {
        throw CommandFailure(
          "\(all.count > 0 ? queryPath : path): has no rows, expected some — is it the right file?")
      }
      return (all, queries)
    }
    guard all.count > 1 else {
      throw CommandFailure(
        "\(path): \(Numbers.counted(all.count, "row")), expected at least 2 — "
          + (all.count == 0 ? "is it the right file?" : "give the queries with --queries"))
    }
    let split = all.splittingOff(
      queryCount: max(1, min(200, all.count / 10)), seed: options.seed)
    return (split.rows, split.queries)
  }

  /// Every codec that was asked for and exists, with the estimators that go with it.
  private func jobs(
    dimension: Int, _ path: String
  ) throws -> [(codec: Codec, estimators: [Estimator])] {
    var jobs: [(codec: Codec, estimators: [Estimator])] = []
    var refusal: UsageError?
    for quantizer in quantizers {
      for rate in rates {
        do {
          let codec = try naming(path) {
            try options.codec(
              dimension: dimension, rate: rate, quantizer: quantizer, arguments)
          }
          let offered = estimators.map { $0 ?? codec.standardEstimator }.filter { codec.offers($0) }
          if !offered.isEmpty { jobs.append((codec, offered)) }
        } catch let error as UsageError {
          refusal = error
        }
      }
    }
    guard !jobs.isEmpty else {
      throw refusal
        ?? arguments.wrong(
          "no estimator of --estimator goes with a quantizer of --quantizer; leave --estimator out")
    }
    return jobs
  }

  private func text(_ measurements: [Measurement], _ path: String, _ console: Console) -> String {
    guard let first = measurements.first else { return "" }
    var table = Table(
      [
        ("quantizer", .left), ("bits", .right), ("estimator", .left), ("bytes", .right),
        ("mse", .right), ("± s.e.", .right), ("theory", .right), ("ip bias", .right),
        ("ip rmse", .right), ("R@10", .right), ("1@1", .right), ("1@10", .right),
        ("µs/vec", .right),
      ], gap: 2)
    for m in measurements {
      table.append([
        m.quantizer, Numbers.plain(m.bits), m.estimator, "\(m.bytesPerVector)",
        Numbers.significant(m.mse, 4), Numbers.significant(m.mseStandardError, 1),
        m.mseTheory.value.map { Numbers.significant($0, 4) } ?? "–",
        (m.ipBias < 0 ? "" : "+") + Numbers.fixed(m.ipBias, 4),
        Numbers.significant(m.ipRMSE, 3), Numbers.fixed(m.recallAt10, 3),
        Numbers.fixed(m.recall1At1, 3), Numbers.fixed(m.recall1At10, 3),
        Numbers.significant(m.encodeMicroseconds, 3),
      ])
    }
    let zeros = first.zeroRows > 0 ? ", \(first.zeroRows) of them zero and left out of mse" : ""
    let title =
      "\(path): \(Numbers.grouped(first.count)) rows of \(first.dimension) dimensions\(zeros); "
      + "\(first.queries) queries, seed \(first.seed), \(first.threads) threads"
    let over = first.mseSeeds > 1 ? "\(first.mseSeeds) seeds" : "rows"
    let legend = """
      mse: ‖x−x̂‖²/‖x‖², s.e. over \(over); ip: estimate against ⟨x,q⟩, rmse over ‖x‖‖q‖; R@10: true ten nearest found; \
      1@k: nearest within first k
      """
    var lines = table.lines
    lines[0] = console.colored(lines[0], .bold)
    return ([title, ""] + lines + ["", legend]).joined(separator: "\n") + "\n"
  }
}
