import TurboQuant

extension CoordinateLaw {
  /// P(`low` ≤ t ≤ `high`).
  func chance(from low: Double, to high: Double) -> Double {
    let mass = 2 * integral(from: 0, to: upperEnd)
    func upTo(_ t: Double) -> Double {
      let half = integral(from: 0, to: min(abs(t), upperEnd)) / mass
      return t < 0 ? -half : half
    }
    return upTo(high) - upTo(low)
  }
}
