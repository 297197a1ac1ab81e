internal import TurboQuantEvaluation

/// The demo's one screen.
struct DemoPage {
  /// What is shown.
  let report: DemoReport
  /// Where it is shown.
  let console: Console
  private static let width = 100

  /// The page, at most 100 columns and 50 lines.
  var text: String {
    (title + [""] + table + [""] + searches + closing).map(Self.trimmed).joined(separator: "\n")
      + "\n"
  }

  private var title: [String] {
    guard let first = report.measurements.first else { return [] }
    let count = Numbers.grouped(first.count)
    return [
      console.colored(
        "TurboQuant on \(count) real embeddings: \(first.dimension) dimensions in a few bits each, "
          + "nothing trained", .bold),
      "Package descriptions, \(4 * first.dimension) bytes each as float32; searched with "
        + "\(first.queries) queries; \(first.threads) threads.",
    ]
  }

  private var table: [String] {
    var table = Table([
      ("quantizer", .left), ("bits", .right), ("bytes", .right), ("smaller", .right),
      ("distortion", .left), ("theory", .right), ("recall@10", .right),
      ("vectors/s", .right), ("floats", .right),
    ])
    for m in report.measurements {
      let rate = 1e6 / m.encodeMicroseconds
      let floatBytes = 4 * Double(m.dimension)
      table.append([
        m.quantizer, Numbers.plain(m.bits), "\(m.bytesPerVector)",
        Numbers.fixed(floatBytes / Double(m.bytesPerVector), 1) + "×",
        Numbers.fixed(m.mse, 5) + " ± " + Numbers.fixed(m.mseStandardError, 5),
        m.mseTheory.value.map { Numbers.fixed($0, 5) } ?? "–",
        Numbers.fixed(100 * m.recallAt10, 1) + "%",
        Numbers.rate(rate), Numbers.bytes(rate * floatBytes) + "/s",
      ])
    }
    var lines = table.lines
    lines[0] = console.colored(lines[0], .bold)
    let legend = [
      "distortion: ‖x−x̂‖²/‖x‖², mean of \(DemoReport.seedCount) seeds ± its standard error; "
        + "theory: predicted before seeing data.",
      "recall@10: share of the exact ten nearest among the ten that the codes find.",
      "two-stage spends one of its bits on a sketch of the residual, for unbiased inner products.",
    ]
    return lines + legend.map { console.colored($0, .faint) }
  }

  private var searches: [String] {
    guard
      let codes = report.measurements.first(where: {
        $0.quantizer == "scalar" && $0.bits == Double(report.searchBits)
      })
    else { return [] }
    let column = (Self.width - 4) / 2
    let left = Self.fitted("exact: float32, \(4 * codes.dimension) bytes per vector", column)
    let right =
      "estimated: \(report.searchBits)-bit codes, \(codes.bytesPerVector) bytes per vector"
    var lines = [
      "The first five queries, exact and estimated inner products. ✓ same place; #4 is fourth exactly.",
      console.colored("\(left)    \(right)", .bold),
    ]
    for search in report.searches {
      lines.append("“\(Self.cut(search.query, Self.width - 2))”")
      for (place, pair) in zip(search.exact, search.estimated).enumerated() {
        let mark = mark(pair.1, at: place + 1)
        lines.append("\(Self.line(pair.0, column)) \(mark)\(Self.line(pair.1, column))")
      }
    }
    return lines
  }

  /// Three columns that say where a hit stands in the exact order.
  private func mark(_ hit: DemoReport.Hit, at place: Int) -> String {
    guard let exact = hit.exactPlace else { return "   " }
    guard exact != place else { return console.colored(" ✓ ", .green) }
    return exact < 10 ? "#\(exact) " : "#\(exact)"
  }

  private static func line(_ hit: DemoReport.Hit, _ width: Int) -> String {
    "  \(Numbers.fixed(hit.score, 3)) \(fitted(hit.text, width - 8))"
  }

  private static func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }

  /// `text` in exactly `width` columns.
  static func fitted(_ text: String, _ width: Int) -> String {
    let short = cut(text, width)
    return short + String(repeating: " ", count: width - short.count)
  }

  /// `text` in at most `width` columns.
  static func cut(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : text.prefix(width - 1) + "…"
  }

  private var closing: [String] {
    [
      "",
      console.colored("Now with your own vectors:", .bold),
      "  turboquant evaluate vectors.npy          size and accuracy at each rate, on your data",
      "  turboquant encode vectors.npy -o codes.tqv --bits 4",
      "  turboquant index build vectors.npy -o vectors.tqi",
    ]
  }
}
