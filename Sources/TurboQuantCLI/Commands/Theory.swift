internal import TurboQuantEvaluation
internal import TurboQuantTheory

extension Command {
  /// `turboquant theory`.
  static let theory = Command(
    name: "theory", summary: "Show the seven results behind it: predicted and measured.",
    discussion: """
      Each prediction is computed from the result's formula; each measurement uses the codec's own
      rotation, codebooks, sketch and rows. A row agrees when the two are within four standard errors
      and the standard error is at most 1% of the prediction. The exit code is 1 if a row disagrees.
      """,
    operands: [], options: [.seed, .json], run: runTheory)
}

private func runTheory(_ arguments: Arguments, _ console: Console) throws {
  let theory = Theory(seed: try arguments.integer(.seed, in: 0...UInt64.max) ?? 0)
  let progress = Progress("theory", total: Theory.count, unit: "results", console)
  defer { progress.finish() }
  var results: [TheoryResult] = []
  for number in 1...Theory.count {
    results.append(try theory.result(number))
    progress.advance()
  }
  progress.finish()
  let page = TheoryPage(results: results, console: console)
  console.write(
    arguments.has(.json) ? try JSON.text(results.map(TheoryReport.init)) : page.text)
  let failures = results.flatMap(\.comparisons).filter { !$0.agrees || !$0.isSharp }
  guard let first = failures.first else { return }
  throw CommandFailure(
    "\(failures.count) of the rows disagree, the first “\(first.quantity)”; chance alone causes this "
      + "for about one seed in several hundred, so try another --seed")
}

/// The page that people read.
private struct TheoryPage {
  let results: [TheoryResult]
  let console: Console

  var text: String {
    var text = ""
    for result in results {
      text += console.colored("\(result.number). \(result.title)", .bold) + "\n"
      text += "   \(result.statement)\n\n"
      text += comparisons(of: result).map { "   \($0)\n" }.joined() + "\n"
      guard !result.figures.isEmpty else { continue }
      text += figures(of: result).map { "   \($0)\n" }.joined() + "\n"
    }
    let rows = results.flatMap(\.comparisons)
    let agreeing = rows.filter { $0.agrees && $0.isSharp }.count
    return text + "\(agreeing) of \(rows.count) rows agree within four standard errors, each error "
      + "at most 1% of its prediction.\n"
  }

  private func comparisons(of result: TheoryResult) -> [String] {
    let hasBounds = result.comparisons.contains { $0.bound != nil }
    var table = Table(
      [
        ("", .left), ("predicted", .right), ("measured", .right), ("± SE", .right),
        ("off by", .right),
      ] + (hasBounds ? [("bound", .right)] : []) + [("", .left)])
    for row in result.comparisons {
      let verdict = row.agrees && row.isSharp ? console.colored("✓", .green) : "✗"
      table.append(
        [row.quantity, number(row.predicted), number(row.measured)] + spread(of: row)
          + (hasBounds ? [bound(row.bound)] : []) + [verdict])
    }
    return table.lines
  }

  /// The standard error, and how many of them lie between measured and predicted.
  private func spread(of row: Comparison) -> [String] {
    guard row.standardError > 0 else { return ["exact", ""] }
    let deviations = (row.measured - row.predicted) / row.standardError
    return [Numbers.significant(row.standardError, 2), Numbers.fixed(deviations, 1) + " SE"]
  }

  private func number(_ value: Double) -> String {
    let isWhole = value == value.rounded() && abs(value) < 1e15
    return isWhole ? Numbers.grouped(Int(value)) : Numbers.significant(value, 4)
  }

  private func bound(_ bound: Comparison.Bound?) -> String {
    switch bound {
    case nil: ""
    case .atMost(let limit)?: "≤ " + Numbers.significant(limit, 3)
    case .atLeast(let limit)?: "≥ " + Numbers.significant(limit, 3)
    }
  }

  private func figures(of result: TheoryResult) -> [String] {
    var table = Table([("from theory alone", .left), ("", .right)])
    for figure in result.figures {
      table.append([figure.name, number(figure.value)])
    }
    return table.lines
  }
}

/// A result as JSON.
struct TheoryReport: Encodable {
  private let result: TheoryResult

  /// Wraps a result.
  init(_ result: TheoryResult) { self.result = result }

  private struct Row: Encodable {
    let quantity: String
    let predicted: Double
    let measured: Double
    let standardError: Double
    let atMost: Nullable<Double>
    let atLeast: Nullable<Double>
    let agrees: Bool

    enum CodingKeys: String, CodingKey {
      case quantity, predicted, measured, agrees
      case standardError = "standard_error"
      case atMost = "at_most"
      case atLeast = "at_least"
    }

    init(_ row: Comparison) {
      quantity = row.quantity
      predicted = row.predicted
      measured = row.measured
      standardError = row.standardError
      agrees = row.agrees && row.isSharp
      switch row.bound {
      case nil: (atMost, atLeast) = (Nullable(nil), Nullable(nil))
      case .atMost(let limit)?: (atMost, atLeast) = (Nullable(limit), Nullable(nil))
      case .atLeast(let limit)?: (atMost, atLeast) = (Nullable(nil), Nullable(limit))
      }
    }
  }

  private struct Figure: Encodable {
    let name: String
    let value: Double
  }

  /// The names in JSON.
  enum CodingKeys: String, CodingKey { case number, title, statement, rows, figures, holds }

  /// Writes the result.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(result.number, forKey: .number)
    try container.encode(result.title, forKey: .title)
    try container.encode(result.statement, forKey: .statement)
    try container.encode(result.holds, forKey: .holds)
    try container.encode(result.comparisons.map(Row.init), forKey: .rows)
    try container.encode(
      result.figures.map { Figure(name: $0.name, value: $0.value) }, forKey: .figures)
  }
}
