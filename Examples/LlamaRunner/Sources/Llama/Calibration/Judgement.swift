/// How a cache does on held-out text without and with each of several calibrations.
public struct Judgement: Sendable {
  /// Without a calibration.
  public let plain: Evaluation
  /// With each calibration.
  public let equalized: [Evaluation]
  /// By how much each calibration changes the mean divergence of a window.
  public let changes: [PairedDifference]

  /// Compares evaluations of the same windows.
  init(plain: Evaluation, equalized: [Evaluation]) {
    (self.plain, self.equalized) = (plain, equalized)
    changes = equalized.map {
      PairedDifference($0.windowDivergences, minus: plain.windowDivergences)
    }
  }

  /// The calibration with the least divergence, if it is less than without by more than two standard
  /// errors; otherwise nil.
  public var best: Int? {
    guard let best = changes.indices.min(by: { changes[$0].mean < changes[$1].mean }),
      changes[best].mean < -2 * changes[best].standardError
    else { return nil }
    return best
  }
}

/// The mean of differences, and its standard error; NaN for fewer than two.
public struct PairedDifference: Hashable, Sendable {
  /// The mean difference.
  public let mean: Double
  /// The standard error of the mean.
  public let standardError: Double

  init(_ a: [Double], minus b: [Double]) {
    precondition(a.count == b.count && !a.isEmpty)
    let differences = zip(a, b).map { $0 - $1 }
    mean = differences.reduce(0, +) / Double(differences.count)
    standardError = Estimate.standardError(differences)
  }
}
