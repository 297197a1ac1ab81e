internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantIndex

/// What a search found, for people.
struct SearchPage {
  /// What is shown.
  let report: SearchReport
  /// What was searched.
  let index: VectorIndex
  /// Whether scores are shown with their standard errors.
  let hasErrors: Bool
  /// Where it is shown.
  let console: Console

  private var hits: [SearchReport.Hit] { report.results.flatMap(\.hits) }

  /// The page: a line for each query, its rows below, and how they were found.
  var text: String { (queries + closing).joined(separator: "\n") + "\n" }

  private var queries: [String] {
    var table = Table(
      [("  score", .right)] + (hasErrors ? [("± error", .right), ("low … high", .right)] : [])
        + [("id", .right)])
    let places = places
    for hit in hits {
      table.append(
        [hit.score.value.map { Numbers.fixed(Double($0), places) } ?? "∞"]
          + (hasErrors ? [error(of: hit, places), interval(of: hit, places)] : []) + ["\(hit.id)"])
    }
    var rows = rows(table).makeIterator()
    var lines: [String] = []
    if let titles = rows.next(), !hits.isEmpty { lines.append(console.colored(titles, .faint)) }
    for result in report.results {
      let name = result.label.value.map { "“\(Display.label($0))”" } ?? "query \(result.query)"
      lines.append(console.colored(DemoPage.cut(name, max(20, console.width)), .bold))
      if result.hits.isEmpty { lines.append("  nothing") }
      for _ in result.hits { if let row = rows.next() { lines.append(row) } }
    }
    return lines
  }

  /// The lines of a table of numbers with the hits' tags and labels, cut to the console, to their right.
  private func rows(_ numbers: Table) -> [String] {
    let hits = hits
    let (hasTags, hasLabels) = (index.tagKind != nil, hits.contains { $0.label.value != nil })
    guard hasTags || hasLabels else { return numbers.lines }
    let room = max(20, console.width - (numbers.lines.map(\.count).max() ?? 0) - 2)
    let tags = hits.map { hit in
      hit.tag.value.map {
        DemoPage.cut(Display.line($0.description), hasLabels ? room / 2 : room)
      } ?? ""
    }
    let labelRoom = hasTags ? max(20, room - (tags.map(\.count).max() ?? 0) - 2) : room
    var texts = Table((hasTags ? [("tag", .left)] : []) + [("", .left)])
    for (hit, tag) in zip(hits, tags) {
      let label = hit.label.value.map { DemoPage.cut(Display.label($0), labelRoom) } ?? ""
      texts.append((hasTags ? [tag] : []) + [label])
    }
    return zip(numbers.lines, texts.lines).map { $1.isEmpty ? $0 : "\($0)  \($1)" }
  }

  private func error(of hit: SearchReport.Hit, _ places: Int) -> String {
    guard let error = hit.standardError.value else { return "" }
    return "± " + Numbers.fixed(Double(error), places)
  }

  private func interval(of hit: SearchReport.Hit, _ places: Int) -> String {
    guard let low = hit.low.value, let high = hit.high.value else { return "" }
    return Numbers.fixed(Double(low), places) + " … " + Numbers.fixed(Double(high), places)
  }

  /// Places after the point that leave the largest score four significant digits.
  private var places: Int {
    let largest = hits.compactMap { $0.score.value.map { Double(abs($0)) } }.max() ?? 0
    guard largest > 0 else { return 1 }
    return min(max(3 - Numbers.exponent(of: largest), 0), 12)
  }

  /// Whether a score is one that no two vectors have.
  private var isBeyondTruth: Bool {
    let scores = report.rerank.value == nil ? hits.compactMap(\.score.value) : []
    return switch index.metric {
    case .innerProduct: false
    case .cosine: scores.contains { $0.magnitude > 1 }
    case .squaredEuclidean: scores.contains { $0 < 0 }
    }
  }

  private var closing: [String] {
    let word = Metric.words[report.metric] ?? report.metric
    let source =
      if report.rerank.value != nil, let originals = index.originals {
        "exact \(word) with the \(originals) originals"
      } else {
        "\(word), estimated from \(Numbers.plain(index.codec.rate.bitsPerCoordinate))-bit codes"
      }
    let queries = Numbers.counted(report.results.count, "query", "queries")
    let threads = Numbers.counted(report.threads, "thread")
    let share = Numbers.significant(100 * report.finishedFraction, 2)
    var lines = [
      "", "score: \(source)\(index.metric.isDistance ? "; less is nearer" : "")",
      "\(queries) over \(Numbers.counted(report.rows, "row")) in "
        + "\(Numbers.significant(1000 * report.seconds, 2)) ms, \(threads); "
        + (report.finishedFraction == 1 ? "every code" : "\(share)% of the codes")
        + " read whole",
    ].map { $0.isEmpty ? $0 : console.colored($0, .faint) }
    if hasErrors {
      lines.append(
        console.colored("low … high: holds the true score of about 95.4% of hits", .faint))
    }
    if isBeyondTruth {
      let bound = index.metric.isDistance ? "squared distances below 0" : "cosines beyond ±1"
      lines.append("\(bound) are the codes' error; --errors shows it, --rerank takes it away")
    }
    if report.rows == 0 {
      lines.append("\(report.index) has no rows; fill it with “turboquant index add”")
    }
    return lines
  }
}
