import TurboQuantKernels

/// How often something happened in so many independent trials.
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

  /// The share of hits, 0 of nothing.
  var value: Double { Double(hits) / Double(max(1, trials)) }

  var standardError: Double { Self.standardError(hits: Double(hits), trials: Double(trials)) }

  /// The standard error of a share, with two hits and two misses more than were seen (Agresti and
  /// Coull 1998): it is not 0 where all trials are hits, or none.
  static func standardError(hits: Double, trials: Double) -> Double {
    let share = (hits + 2) / (trials + 4)
    return squareRoot(share * (1 - share) / (trials + 4))
  }
}
