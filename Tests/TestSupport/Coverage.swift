import Foundation

/// How many of many intervals miss the truth, held against what two standard deviations promise.
///
/// A normal law lies beyond two deviations in 4.55% of draws. What is asked for is 3.5 to 6%, and where the interval is
/// not the code's alone at most 6%. A count is refused only where a binomial variable of the nearest allowed
/// probability would be so far off in fewer than one of 10⁵ cases: tables have thousands of cells.
package struct Coverage: Sendable {
  package private(set) var draws = 0
  package private(set) var outside = 0
  /// Intervals that are empty, or errors of 0.
  package private(set) var broken = 0

  package static let smallest = 0.035
  package static let largest = 0.06

  package init() {}

  /// Counts an interval and a standard error.
  package mutating func add(
    _ truth: Double, low: Double, high: Double, score: Double, standardError: Double
  ) {
    draws += 1
    // The truth itself is a sum of up to 1,536 products in double precision.
    let rounding = 0x1p-42 * abs(truth)
    if truth < low - rounding || truth > high + rounding { outside += 1 }
    // Scores and errors of an index are float32.
    let longer = max(score - low, high - score) / 2
    let slack = 0x1p-22 * (abs(score) + abs(longer))
    if !(low <= high) || !(standardError > 0) || standardError < longer - slack { broken += 1 }
  }

  package var share: Double { Double(outside) / Double(max(1, draws)) }

  /// What is wrong with the counts, or nil.
  package func fault(atLeast smallest: Double) -> String? {
    if broken > 0 { return "\(broken) empty intervals or errors that do not cover them" }
    if Self.upperTail(outside, draws, Self.largest) < 1e-5 {
      return "too many lie outside: \(self)"
    }
    if Self.lowerTail(outside, draws, smallest) < 1e-5 { return "too few lie outside: \(self)" }
    return nil
  }

  /// P(X ≥ count) of a binomial variable.
  package static func upperTail(_ count: Int, _ trials: Int, _ p: Double) -> Double {
    count == 0 ? 1 : 1 - lowerTail(count - 1, trials, p)
  }

  /// P(X ≤ count) of a binomial variable; terms from their logarithms' recurrence.
  package static func lowerTail(_ count: Int, _ trials: Int, _ p: Double) -> Double {
    guard p > 0 else { return 1 }
    var logarithm = Double(trials) * log1p(-p)
    var sum = 0.0
    for k in 0...min(count, trials) {
      sum += exp(logarithm)
      logarithm += log(Double(trials - k) / Double(k + 1) * p / (1 - p))
    }
    return min(1, sum)
  }
}

extension Coverage: CustomStringConvertible {
  package var description: String {
    String(format: "%d of %d, %.2f%%", outside, draws, 100 * share)
  }
}

/// The cosines at which error bars are held to account: far from each other, near, and the same.
package let coverageCosines = [-1, -0.9, 0, 0.3, 0.9, 0.99, 0.999, 0.9999, 1]

/// Draws per cell: as many as a nightly run takes, or as the tests of every change do.
package let coverageDraws = environmentNumber("TQ_COVERAGE_DRAWS", default: 250)
