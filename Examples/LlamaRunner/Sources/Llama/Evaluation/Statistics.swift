/// A mean and its standard errors.
public struct Estimate: Hashable, Sendable, Codable {
  /// The mean over all tokens.
  public let mean: Double
  /// The standard error from the means of windows.
  ///
  /// Tokens of one window depend on each other, but windows hardly do, so this is the error to quote. It
  /// is NaN for a single window.
  public let standardError: Double
  /// The standard error as if all tokens were independent.
  public let tokenStandardError: Double

  /// Computes the estimate from one row of values per window; all rows have the same length.
  init(windows: [[Float]]) {
    let tokens = windows.joined().map { Double($0) }
    let means = windows.map { window in
      window.reduce(0) { $0 + Double($1) } / Double(window.count)
    }
    mean = tokens.reduce(0, +) / Double(tokens.count)
    standardError = Self.standardError(means)
    tokenStandardError = Self.standardError(tokens)
  }

  /// The standard error of a mean; NaN for fewer than two values.
  static func standardError(_ values: [Double]) -> Double {
    guard values.count > 1 else { return .nan }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
  }
}
