internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantFiles
internal import TurboQuantIndex

extension Command {
  /// `turboquant index search`.
  static let indexSearch = Command(
    name: "index search", summary: "Find the rows of an index that are nearest to queries.",
    discussion: """
      Scores are estimated from the codes; --rerank compares the best rows with the vectors themselves,
      which --originals keeps. An estimated l2 distance of a row to itself may be below 0 and an estimated
      cosine above 1, so leave a margin of a few --errors with --within. One-bit, two-stage and short
      codes, small indexes and searches with --within read every code whole, whatever --exactness says.

      The file of --output has one record per hit, with the fields query, id and score, and with --errors
      also standard_error, low and high. If every query has K hits,
      numpy.load("HITS.npy")["id"].reshape(-1, K) has one row per query. The file has no
      tags; --json-lines prints them.
      """,
    operands: [
      .index,
      Operand(
        name: "QUERIES", help: "Vectors of the same dimension; - reads .npy from standard input."),
    ],
    options: [.resultCount, .within] + IndexOptions.searching
      + [
        .rerank, .errors, .only, .onlyTags, .labels, .queryLabels, .hitsOutput, .threads, .json,
        .jsonLines,
      ],
    run: { arguments, console in try IndexSearch(arguments).run(console) })
}

extension Option {
  fileprivate static let resultCount = Option(
    name: "count", value: "K",
    help: "Rows to find for each query; all of them if there are fewer. Default 10.")
  fileprivate static let within = Option(
    name: "within", value: "LIMIT",
    help: "Find all rows that score at least LIMIT (l2: at most); with --count the best K of them.")
  fileprivate static let rerank = Option(
    name: "rerank", value: "N", help: "Compare the best N rows exactly, with the originals.")
  fileprivate static let errors = Option(
    name: "errors",
    help: "Give every score its standard error and an interval of two standard errors.")
  fileprivate static let labels = Option(
    name: "labels", value: "FILE",
    help: "A text file: line i, from 0, describes id i, or every line is id, tab, text.")
  fileprivate static let queryLabels = Option(
    name: "query-labels", value: "FILE", help: "A text file with one line per query.")
  fileprivate static let hitsOutput = Option(
    name: "output", letter: "o", value: "HITS.npy",
    help: "Write the hits to a .npy file instead of printing them.")
  fileprivate static let jsonLines = Option(
    name: "json-lines", help: "Print only a line of JSON for each query.")
}

/// One run of `index search`.
private struct IndexSearch {
  private let arguments: Arguments
  private let count: Int?
  private let limit: Float?
  private let options: SearchOptions
  private let onlyTags: TagList?
  private let labels: Labels?
  private let queryLabels: TextLines?

  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    count = try arguments.integer(.resultCount, in: 1...Int.max)
    limit = try arguments.limit()
    let rerank = try arguments.integer(.rerank, in: 1...Int.max)
    try arguments.requireIDsOrTags(.only, .onlyTags)
    let onlyIDs = try arguments.ids(.only)
    onlyTags = try arguments.tags(.onlyTags)
    options = SearchOptions(
      exactness: try IndexOptions(arguments).exactness,
      filter: onlyIDs.map { .ids(Set($0.names)) } ?? onlyTags.map { .tags(Set($0.names)) },
      rerank: rerank, hasStandardErrors: arguments.has(.errors), threads: try arguments.threads())
    if limit != nil {
      guard rerank == nil else {
        throw arguments.wrong("--rerank goes with --count, not with --within")
      }
      let isCertified = arguments.text(.exactness) == "certified"
      guard !isCertified, arguments.text(.failureProbability) == nil else {
        throw arguments.wrong("--within reads every code whole, so it takes no certificate")
      }
    } else if let rerank, rerank < count ?? 10 {
      throw arguments.wrong("--rerank \(rerank) is less than --count \(count ?? 10)")
    }
    try arguments.requireOneForm()
    labels = try arguments.text(.labels).map { try Labels(reading: $0) }
    queryLabels = try arguments.text(.queryLabels).map { try TextLines(reading: $0) }
  }

  /// Searches and prints what it found.
  func run(_ console: Console) throws {
    let path = arguments.operands[0]
    let output = try arguments.outputPath(
      .hitsOutput,
      reading: arguments.operands + [arguments.idFile(.only), arguments.tagFile(.onlyTags)],
      console)
    let index = try openIndex(path)
    guard onlyTags == nil || index.tagKind != nil else {
      throw CommandFailure("\(path): its rows have no tags — restrict the search with --only")
    }
    var file = try VectorFile.open(arguments.operands[1])
    try file.requireDimension(of: index, path)
    file.warnIfEmpty(console)
    let queries = try VectorSet(reading: &file, limit: nil, console)
    if let queryLabels, queryLabels.count < queries.count {
      throw CommandFailure(
        "\(queryLabels.path): \(Numbers.counted(queryLabels.count, "line")) for the "
          + "\(Numbers.counted(queries.count, "row")) of \(file.path) — give every query one line")
    }
    let start = ContinuousClock.now
    let (hits, statistics) = try naming(index: path, vectors: file.path) {
      try search(index, queries)
    }
    let seconds = (ContinuousClock.now - start).seconds
    var report = SearchReport(
      path, index, options, seconds: seconds, results: results(hits))
    report.count = Nullable(limit == nil ? count ?? 10 : count)
    report.limit = Nullable(limit)
    report.note(statistics, isRange: limit != nil, options.exactness, index)
    if let warning = labels?.warning(about: hits.joined().map(\.id)) { console.warn(warning) }
    if let hint = onlyTags?.fileHint, hits.allSatisfy(\.isEmpty) {
      console.warn("--only-tags: nothing was found — \(hint)")
    }
    if let output {
      return try HitTable(hits, hasErrors: options.hasStandardErrors).write(to: output, console)
    }
    guard !arguments.has(.json) else { return console.write(try JSON.text(report)) }
    guard !arguments.has(.jsonLines) else {
      return try report.results.forEach { console.write(try JSON.line($0)) }
    }
    let page = SearchPage(
      report: report, index: index, hasErrors: options.hasStandardErrors, console: console)
    console.write(page.text)
  }

  private func search(
    _ index: VectorIndex, _ queries: VectorSet
  ) throws -> ([[Hit]], SearchStatistics?) {
    guard let limit else {
      let found = try index.searchWithStatistics(
        queries.values, count: count ?? 10, options: options)
      return (found.hits, found.statistics)
    }
    let hits = try index.rangeSearch(queries.values, limit: limit, options: options)
    return (hits.map { Array($0.prefix(count ?? .max)) }, nil)
  }

  private func results(_ hits: [[Hit]]) -> [SearchReport.Result] {
    hits.enumerated().map { query, hits in
      SearchReport.Result(
        query: query, label: Nullable(queryLabels?[query]),
        hits: hits.map { hit in
          SearchReport.Hit(
            id: hit.id, tag: Nullable(hit.tag), score: Nullable(finite: hit.score),
            standardError: Nullable(finite: hit.standardError),
            low: Nullable(finite: hit.interval(2)?.low),
            high: Nullable(finite: hit.interval(2)?.high), label: Nullable(labels?[hit.id]))
        })
    }
  }
}

extension Arguments {
  /// Refuses to give hits in two forms, and a file that NumPy would not take for its own.
  fileprivate func requireOneForm() throws(UsageError) {
    let forms = [Option.hitsOutput, .json, .jsonLines].filter(has)
    guard forms.count < 2 else {
      throw wrong("--\(forms[0].name) and --\(forms[1].name) exclude one another")
    }
    guard let output = text(.hitsOutput) else { return }
    guard output.lowercased().hasSuffix(".npy") else {
      throw wrong(
        "--output takes a name that ends in .npy, not “\(output)”; to get text, redirect "
          + "--json-lines")
    }
    for option in [Option.labels, .queryLabels] where has(option) {
      throw wrong("--output writes numbers alone; --\(option.name) goes with --json-lines")
    }
  }

  /// The score that `--within` asks for.
  fileprivate func limit() throws(UsageError) -> Float? {
    guard let text = text(.within) else { return nil }
    guard let limit = Float(text), limit.isFinite else {
      throw wrong("--within takes a number, not “\(text)”")
    }
    return limit
  }
}
