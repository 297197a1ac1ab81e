internal import TurboQuantKernels

/// The variance of an estimated cosine ρ̂ at every true cosine ρ: `across` · (1 − ρ²) + `along` · ρ².
///
/// `across` is the variance between vectors at right angles, `along` the variance between vectors
/// that point the same way. The error of codes has no `along` part: it vanishes at ρ = ±1. Rounding
/// and sketches have both parts (Documentation/Numerics.md).
package struct CosineError: Sendable, Hashable {
  package var across: Double
  package var along: Double

  package init(across: Double, along: Double) {
    self.across = across
    self.along = along
  }

  /// An error with the same variance at every cosine.
  package init(everywhere variance: Double) { self.init(across: variance, along: variance) }

  /// The larger of both parts, an upper bound on the variance at every cosine.
  package var largest: Double { max(across, along) }

  /// The variance at a true cosine in −1 … 1.
  package func variance(at cosine: Double) -> Double {
    across * (1 - cosine) * (1 + cosine) + along * cosine * cosine
  }

  /// The error of `factor` times the estimate.
  package func scaled(by factor: Double) -> CosineError {
    CosineError(across: across * factor * factor, along: along * factor * factor)
  }

  /// The error of the sum of two estimates whose errors are independent.
  package static func + (a: CosineError, b: CosineError) -> CosineError {
    CosineError(across: a.across + b.across, along: a.along + b.along)
  }

  /// The true cosines for which `estimate` is at most `deviations` standard deviations off.
  ///
  /// (ρ̂ − ρ)² ≤ z²(a(1 − ρ²) + bρ²), with a = `across` and b = `along`, is solved for ρ as Wilson
  /// (1927) does for proportions. With k = z²(a − b) the ends are
  /// ρ = (ρ̂ ± z√(a(1 − ρ̂²) + bρ̂² + ka))/(1 + k). If no ρ satisfies the condition, both ends are
  /// the nearest one, ρ̂/(1 + k).
  package func interval(
    around estimate: Double, deviations z: Double
  ) -> (low: Double, high: Double) {
    let k = z * z * (across - along)
    // With so many deviations, or so large an error, every cosine is possible.
    guard (z * z * largest).isFinite, 1 + k > 0 else { return (-.infinity, .infinity) }
    let centre = estimate / (1 + k)
    let root = squareRoot(max(0, variance(at: estimate) + k * across)) * z / (1 + k)
    return (centre - root, centre + root)
  }
}
