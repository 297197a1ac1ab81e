import TurboQuant

/// The content of a figure: series to draw, and predictions of theory beside measurements.
package struct Report: Sendable {
  /// One line of the table below a figure.
  package struct Comparison: Sendable {
    package let quantity: String
    /// The prediction; nil if theory has none.
    package let predicted: Double?
    /// The measurement; nil if nothing can be measured.
    package let measured: Double?
    /// The standard error of the measurement; 0 if nothing is random.
    package let standardError: Double
    /// The bound from an inequality; nil if there is none.
    package let bound: Double?
  }

  package private(set) var series: [(name: String, values: [Double])] = []
  package private(set) var comparisons: [Comparison] = []

  /// Adds a series; the page finds it by its name.
  mutating func plot(_ name: String, _ values: [Double]) { series.append((name, values)) }

  /// Adds the means as series `name`, and their standard errors as series `name` + `Error`.
  mutating func plot(_ name: String, of moments: [Moments]) {
    plot(name, moments.map { $0.mean })
    plot(name + "Error", moments.map { Self.withoutRounding($0.standardError, of: $0.mean) })
  }

  /// A standard error, or 0 if it is only the rounding of equal numbers.
  private static func withoutRounding(_ standardError: Double, of measured: Double) -> Double {
    standardError > abs(measured) * 0x1p-40 ? standardError : 0
  }

  /// Adds a line to the table.
  mutating func compare(
    _ quantity: String, predicted: Double?, measured: Double?, standardError: Double = 0,
    bound: Double? = nil
  ) {
    comparisons.append(
      Comparison(
        quantity: quantity, predicted: predicted, measured: measured,
        standardError: Self.withoutRounding(standardError, of: measured ?? 0), bound: bound))
  }
}

extension Report {
  /// The report as JSON, the form in which it leaves this module.
  ///
  /// Each number has the fewest digits that identify it exactly. A number that is missing or not finite is
  /// null.
  package var json: String {
    let drawn = series.map { "\"\($0.name)\":[\(Self.list($0.values))]" }
    let compared = comparisons.map { line in
      "{\"quantity\":\"\(line.quantity)\",\"predicted\":\(Self.number(line.predicted)),"
        + "\"measured\":\(Self.number(line.measured)),"
        + "\"standardError\":\(Self.number(line.standardError)),"
        + "\"bound\":\(Self.number(line.bound))}"
    }
    return "{\"series\":{\(Self.joined(drawn))},\"comparisons\":[\(Self.joined(compared))]}"
  }

  private static func list(_ values: [Double]) -> String { joined(values.map { number($0) }) }

  private static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "null" }
    return "\(value)"
  }

  private static func joined(_ parts: [String]) -> String {
    var text = ""
    for part in parts {
      if !text.isEmpty { text += "," }
      text += part
    }
    return text
  }
}
