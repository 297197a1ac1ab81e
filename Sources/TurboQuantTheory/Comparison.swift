internal import TurboQuant

/// A number predicted by theory, beside its measurement with the library's own operators.
package struct Comparison: Sendable, Hashable {
  /// The compared quantity and its setting.
  package let quantity: String
  /// The number predicted by theory.
  package let predicted: Double
  /// The measured number.
  package let measured: Double
  /// The standard error of ``measured``; 0 if nothing is random.
  package let standardError: Double
  /// The bound from an inequality of theory, if there is one.
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

  /// Whether prediction and bound hold within four standard errors.
  ///
  /// If nothing is random, whether they hold within float32 rounding.
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
  /// The name of the number.
  package let name: String
  /// The number.
  package let value: Double

  init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// One of the seven results behind the codec: its statement, and its predictions with measurements.
package struct TheoryResult: Sendable, Hashable {
  /// The number of the result, 1 … 7.
  package let number: Int
  /// The name of the result.
  package let title: String
  /// The statement, and what the codec needs it for.
  package let statement: String
  /// Predictions with their measurements.
  package let comparisons: [Comparison]
  /// Further numbers worth knowing.
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

  /// Whether every measurement agrees with its prediction, and every comparison is sharp.
  package var holds: Bool { comparisons.allSatisfy { $0.agrees && $0.isSharp } }
}
