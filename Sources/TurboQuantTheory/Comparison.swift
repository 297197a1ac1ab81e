internal import TurboQuant

/// One number that theory predicts, beside what the library's own operators measured.
package struct Comparison: Sendable, Hashable {
  /// What is compared, with its setting.
  package let quantity: String
  /// What theory says.
  package let predicted: Double
  /// What was measured.
  package let measured: Double
  /// The standard error of ``measured``; 0 where nothing is random.
  package let standardError: Double
  /// What theory's inequality promises besides, if there is one.
  package let bound: Bound?

  /// A limit on the measured number.
  package enum Bound: Sendable, Hashable {
    /// At most this.
    case atMost(Double)
    /// At least this.
    case atLeast(Double)
  }

  init(
    _ quantity: String, predicted: Double, measured: Double, standardError: Double = 0,
    bound: Bound? = nil
  ) {
    self.quantity = quantity
    self.predicted = predicted
    self.measured = measured
    self.standardError = standardError
    self.bound = bound
  }

  init(_ quantity: String, predicted: Double, _ moments: Moments, bound: Bound? = nil) {
    self.init(
      quantity, predicted: predicted, measured: moments.mean,
      standardError: moments.standardError, bound: bound)
  }

  /// Whether prediction and bound hold to four standard errors.
  ///
  /// Where nothing is random, whether they hold to float32 rounding.
  package var agrees: Bool {
    let tolerance = 4 * standardError + abs(predicted) * 0x1p-20
    guard abs(measured - predicted) <= tolerance else { return false }
    switch bound {
    case nil: return true
    case .atMost(let limit)?: return measured <= limit + tolerance
    case .atLeast(let limit)?: return measured >= limit - tolerance
    }
  }

  /// Whether the standard error is at most 1% of the prediction, so that agreement means something.
  package var isSharp: Bool { standardError <= 0.01 * abs(predicted) }
}

/// A number that follows from theory alone.
package struct TheoryFigure: Sendable, Hashable {
  /// What it is.
  package let name: String
  /// The number.
  package let value: Double

  init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// One of the seven results behind the codec: what it says, and how it fared.
package struct TheoryResult: Sendable, Hashable {
  /// Its place, 1 … 7.
  package let number: Int
  /// Its name.
  package let title: String
  /// What it says, and what the codec needs it for.
  package let statement: String
  /// Predictions beside measurements.
  package let comparisons: [Comparison]
  /// Numbers worth knowing beside them.
  package let figures: [TheoryFigure]

  init(
    _ number: Int, _ title: String, _ statement: String, _ comparisons: [Comparison],
    figures: [TheoryFigure] = []
  ) {
    self.number = number
    self.title = title
    self.statement = statement
    self.comparisons = comparisons
    self.figures = figures
  }

  /// Whether every measurement agrees with its prediction, sharply.
  package var holds: Bool { comparisons.allSatisfy { $0.agrees && $0.isSharp } }
}
