import TurboQuantKernels

/// The number of hits in a number of independent trials.
struct Share: Sendable {
  private(set) var hits: Int
  private(set) var trials: Int

  init(hits: Int = 0, trials: Int = 0) {
    self.hits = hits
    self.trials = trials
  }

  mutating func add(_ isHit: Bool) {
    trials += 1
    hits += isHit ? 1 : 0
  }

  /// The share of hits; 0 if there are no trials.
  var value: Double { Double(hits) / Double(max(1, trials)) }

  var standardError: Double { Self.standardError(hits: Double(hits), trials: Double(trials)) }

  /// The standard error of a share, with two hits and two misses added to the observed ones.
  ///
  /// So it is not 0 if all trials are hits, or none (Agresti and Coull 1998).
  static func standardError(hits: Double, trials: Double) -> Double {
    let share = (hits + 2) / (trials + 4)
    return squareRoot(share * (1 - share) / (trials + 4))
  }
}
