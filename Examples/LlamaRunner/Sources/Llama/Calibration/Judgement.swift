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

  /// The calibration with the least divergence, of those that lower it by more than two standard errors;
  /// nil if none does.
  public var best: Int? {
    changes.indices.filter { changes[$0].mean < -2 * changes[$0].standardError }
      .min { changes[$0].mean < changes[$1].mean }
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
