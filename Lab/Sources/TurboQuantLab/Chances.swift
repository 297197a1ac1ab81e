import TurboQuant

/// The probabilities of intervals under a law.
struct Chances {
  private let law: CoordinateLaw
  private let half: Double

  init(_ law: CoordinateLaw) {
    self.law = law
    half = law.integral(from: 0, to: law.upperEnd)
  }

  /// P(`low` ≤ t ≤ `high`), each cut at the ends of the law's support.
  func between(_ low: Double, _ high: Double) -> Double {
    let (low, high) = (min(max(low, -law.upperEnd), law.upperEnd), min(high, law.upperEnd))
    guard low < high else { return 0 }
    if low >= 0 { return law.integral(from: low, to: high) / half / 2 }
    if high <= 0 { return law.integral(from: -high, to: -low) / half / 2 }
    return (law.integral(from: 0, to: -low) + law.integral(from: 0, to: high)) / half / 2
  }
}
