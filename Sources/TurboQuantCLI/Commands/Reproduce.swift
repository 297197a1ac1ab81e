internal import TurboQuant
internal import TurboQuantEvaluation

extension Command {
  /// `turboquant reproduce`.
  static let reproduce = Command(
    name: "reproduce", summary: "Repeat the measurements of the papers behind it.",
    discussion: """
      Measures distortion and inner products of random unit vectors beside TurboQuant's bounds (arXiv
      2504.19874), the angles of PolarQuant (2502.02617) beside their laws, the errors of QJL (2406.03482)
      beside its bounds, encoding times, and every quantizer on real vectors: the demo's or your own.
      Benchmarks/reproduce runs this beside other libraries, draws it and writes a page.
      """,
    operands: [],
    options: [.parts, .reproductionRows, .reproductionQueries, .seed, .threads, .json],
    run: runReproduction)
}

extension Option {
  fileprivate static let parts = Option(
    name: "only", value: "PART,…",
    help: "Parts to run: \(ReproductionPart.allCases.map(\.rawValue).joined(separator: ", ")). "
      + "Default all.")
  fileprivate static let reproductionRows = Option(
    name: "base", value: "FILE", help: "Vectors for the part search. Default: the demo's.")
  fileprivate static let reproductionQueries = Option(
    name: "queries", value: "FILE", help: "Queries for these vectors.")
}

/// What can be measured by itself.
private enum ReproductionPart: String, CaseIterable {
  case distortion, products, angles, sketches, scores, encoding, search
}

/// What was measured; parts that did not run are left out.
private struct Reproduction: Encodable {
  let seed: UInt64
  let threads: Int
  var distortion: [DistortionRow]?
  var products: [ProductRow]?
  var angles: [AngleRow]?
  var sketches: [SketchRow]?
  var scores: [ScoreRow]?
  var encoding: [CodecTiming]?
  var search: [SearchRow]?

  var text: String {
    let tables = [
      distortion.map(DistortionRow.table), products.map(ProductRow.table),
      angles.map(AngleRow.table), sketches.map(SketchRow.table), scores.map(ScoreRow.table),
      encoding.map(table), search.map(SearchRow.table),
    ]
    return tables.compactMap { $0?.lines.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private func table(_ timings: [CodecTiming]) -> Table {
    var table = Table([
      ("encoding, one thread", .left), ("d", .right), ("bytes", .right), ("µs/vector", .right),
    ])
    for timing in timings {
      table.append([
        timing.quantizer, "\(timing.dimension)", "\(timing.bytesPerVector)",
        Numbers.significant(timing.encodeMicroseconds, 3),
      ])
    }
    return table
  }
}

private func runReproduction(_ arguments: Arguments, _ console: Console) throws {
  let names = try arguments.list(Option.parts) ?? ReproductionPart.allCases.map(\.rawValue)
  let parts = try names.map { name in
    guard let part = ReproductionPart(rawValue: name) else {
      let offered = ReproductionPart.allCases.map(\.rawValue).joined(separator: ", ")
      throw arguments.wrong("--only takes \(offered), not “\(name)”")
    }
    return part
  }
  let paths = (arguments.text(.reproductionRows), arguments.text(.reproductionQueries))
  guard (paths.0 == nil) == (paths.1 == nil) else {
    throw arguments.wrong("--base and --queries go together")
  }
  var results = Reproduction(
    seed: try arguments.integer(.seed, in: 0...UInt64.max) ?? 0, threads: try arguments.threads())
  let progress = Progress("reproduce", total: parts.count, unit: "parts", console)
  defer { progress.finish() }
  for part in parts {
    try results.measure(part, paths, console)
    progress.advance()
  }
  progress.finish()
  console.write(arguments.has(.json) ? try JSON.text(results) : results.text)
}

extension Reproduction {
  fileprivate mutating func measure(
    _ part: ReproductionPart, _ paths: (base: String?, queries: String?), _ console: Console
  ) throws {
    switch part {
    case .distortion: distortion = try DistortionRow.measure(seed: seed)
    case .products: products = try ProductRow.measure(seed: seed)
    case .angles: angles = try AngleRow.measure(DemoData().rows, seed: seed)
    case .sketches: sketches = try SketchRow.measure(seed: seed)
    case .scores: scores = try ScoreRow.measure(seed: seed)
    case .encoding: encoding = try timings(console)
    case .search:
      let (rows, queries) = try vectors(paths, console)
      let total = queries.count * (1 + SearchRow.configurations(dimension: rows.dimension).count)
      let progress = Progress("search", total: total, unit: "searches", console)
      defer { progress.finish() }
      let evaluation = Evaluation(
        rows: rows, queries: queries, threads: threads, progress.advance(by:))
      search = try SearchRow.measure(evaluation, seed: seed, progress.advance(by:))
    }
  }

  private func vectors(
    _ paths: (base: String?, queries: String?), _ console: Console
  ) throws -> (VectorSet, VectorSet) {
    guard let base = paths.base, let path = paths.queries else {
      let data = try DemoData()
      return (data.rows, data.queries)
    }
    let rows = try VectorSet(reading: base, limit: nil, console)
    let queries = try VectorSet(reading: path, limit: nil, console)
    guard rows.dimension == queries.dimension, rows.count > 0, queries.count > 0 else {
      throw CommandFailure(
        "\(path): \(queries.count) queries of dimension \(queries.dimension) for \(rows.count) vectors of "
          + "dimension \(rows.dimension)")
    }
    return (rows, queries)
  }

  /// Four bits per coordinate at the paper's dimensions (TurboQuant, Table 2).
  private func timings(_ console: Console) throws -> [CodecTiming] {
    let dimensions = [200, 1536, 3072]
    let quantizers: [Quantizer] = [.scalar, .twoStage(), .qjl(), .polar()]
    let (count, repeats) = (2000, 5)
    let progress = Progress(
      "encoding", total: dimensions.count * quantizers.count * (repeats + 1), unit: "repeats",
      console)
    defer { progress.finish() }
    return try dimensions.flatMap { dimension in
      let vectors = VectorSet.gaussian(count: count, dimension: dimension, seed: seed)
      return try quantizers.map { quantizer in
        let codec = try Codec(
          dimension: dimension, rate: .bits(4), quantizer: quantizer, seed: seed)
        var trial = CodecTrial(codec, vectors, threads: 1)
        return try trial.run(repeats: repeats, progress.advance(by:))
      }
    }
  }
}
