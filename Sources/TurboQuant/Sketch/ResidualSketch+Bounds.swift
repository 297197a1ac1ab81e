internal import TurboQuantKernels

/// How rarely an estimate is far off (QJL, Lemma 3.5).
///
/// Proven there for Gaussian directions; orthogonal ones scatter less.
extension ResidualSketch {
  /// A bound on the probability that the estimate of ⟨r, q⟩ is off by more than `epsilon` · ‖r‖‖q‖.
  ///
  /// 2 exp(−¾ m ε²/(1 + ε)) with `directions` directions m, and at most 1.
  ///
  /// - Precondition: `epsilon` > 0.
  public static func tailBound(epsilon: Double, directions: Int) -> Double {
    precondition(epsilon > 0, "an error of more than \(epsilon) needs no bound")
    let exponent = 0.75 * Double(directions) * epsilon * epsilon / (1 + epsilon)
    return exponent > 700 ? 0 : min(1, 2 * Portable.exp(-exponent))
  }

  /// How many directions keep the error within `epsilon` · ‖r‖‖q‖, except with probability `delta`.
  ///
  /// The least m ≥ 4/3 · (1 + ε)/ε² · ln(2/δ).
  ///
  /// - Precondition: `epsilon` and `delta` are positive, and at least 10⁻⁶ and 10⁻³⁰⁰.
  public static func directions(epsilon: Double, delta: Double) -> Int {
    precondition(epsilon >= 1e-6 && delta >= 1e-300, "ε = \(epsilon), δ = \(delta)")
    let count = 4 * (1 + epsilon) / (3 * epsilon * epsilon) * Portable.log(2 / delta)
    let whole = Int(max(1, count))
    return Double(whole) < count ? whole + 1 : whole
  }
}
