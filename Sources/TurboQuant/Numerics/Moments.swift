internal import TurboQuantKernels

/// Count, mean and spread of numbers that are added one by one.
///
/// Numbers are added as by Welford (1962), and merged as by Chan, Golub and LeVeque (1979).
package struct Moments: Sendable {
  package private(set) var count = 0
  /// The mean, 0 without numbers.
  package private(set) var mean = 0.0
  private var squares = 0.0

  package init() {}

  /// Adds a number.
  package mutating func add(_ value: Double) {
    count += 1
    let step = value - mean
    mean += step / Double(count)
    squares += step * (value - mean)
  }

  /// The standard error of the mean, 0 for fewer than two numbers.
  package var standardError: Double {
    guard count > 1 else { return 0 }
    return squareRoot(squares / Double(count - 1) / Double(count))
  }

  /// The moments of both sets of numbers together.
  package static func + (a: Moments, b: Moments) -> Moments {
    guard a.count > 0 else { return b }
    guard b.count > 0 else { return a }
    var both = a
    both.count = a.count + b.count
    let step = b.mean - a.mean
    let share = Double(b.count) / Double(both.count)
    both.mean = a.mean + step * share
    both.squares = a.squares + b.squares + step * step * share * Double(a.count)
    return both
  }
}
