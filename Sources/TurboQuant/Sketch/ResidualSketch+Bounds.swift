internal import TurboQuantKernels

/// Bounds on how often an estimate is far off.
///
/// For unit vectors at cosine ρ and Gaussian j, sign(⟨j, r⟩)⟨j, q⟩ = ρ|a| + √(1 − ρ²)·b, where a
/// and b are independent standard normals. This function changes no faster than (a, b) moves, so
/// its distance from its mean is sub-Gaussian with variance 1 (Cirel'son, Ibragimov and Sudakov
/// 1976). The mean of m such terms, times √(π/2), is sub-Gaussian with variance π/2m; at ρ = 0 no
/// smaller variance would do. QJL, Lemma 3.5, asks for fewer directions,
/// 4/3 · (1 + ε)/ε² · ln(2/δ), which do not keep the error that it promises
/// (Documentation/Reproduction.md).
extension ResidualSketch {
  /// A bound on the probability that the estimate of ⟨r, q⟩ is off by more than `epsilon` · ‖r‖‖q‖.
  ///
  /// It is 2 exp(−mε²/π) for m Gaussian `directions`, and at most 1. Orthogonal directions scatter less.
  ///
  /// - Precondition: `epsilon` > 0.
  public static func tailBound(epsilon: Double, directions: Int) -> Double {
    precondition(epsilon > 0, "an error of more than \(epsilon) needs no bound")
    let exponent = Double(directions) * epsilon * epsilon / Double.pi
    // Without directions the only bound is 1.
    guard exponent > 0 else { return 1 }
    return exponent > 700 ? 0 : min(1, 2 * Portable.exp(-exponent))
  }

  /// The number of directions that keeps the error within `epsilon` · ‖r‖‖q‖, except with probability `delta`.
  ///
  /// It is the least m ≥ π/ε² · ln(2/δ).
  ///
  /// - Precondition: `epsilon` is at least 10⁻⁶, `delta` in 10⁻³⁰⁰ … 1.
  public static func directions(epsilon: Double, delta: Double) -> Int {
    precondition(epsilon >= 1e-6 && (1e-300...1).contains(delta), "ε = \(epsilon), δ = \(delta)")
    let count = Double.pi / (epsilon * epsilon) * Portable.log(2 / delta)
    let whole = Int(max(1, count))
    return Double(whole) < count ? whole + 1 : whole
  }
}
