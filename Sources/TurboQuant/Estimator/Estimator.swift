/// How codes and a query become an estimate of ⟨x, q⟩.
public enum Estimator: String, Sendable, Hashable, CaseIterable {
  /// ‖x‖⟨ŷ, Rq⟩: what the decoded row gives, shrunk toward 0 by 1 − D.
  ///
  /// It has the least squared error on average over queries of every direction.
  case reconstruction
  /// ‖x‖⟨ŷ, Rq⟩ / alignment: unbiased over a Haar rotation.
  ///
  /// It has the smallest variance among the unbiased ones; EDEN and RaBitQ use the same scale.
  case renormalized
  /// ‖x‖⟨ŷ, Rq⟩ / ‖ŷ‖: between the two; often best for keys under softmax.
  case matchedNorm = "matched-norm"
  /// Reconstruction plus the sketch's estimate of the residual's share (TurboQuant, Algorithm 2).
  ///
  /// Unbiased over J for every fixed x when J is Gaussian or Haar-orthogonal.
  case twoStage = "two-stage"
}

/// An estimate of an inner product, with how far the truth may lie from it.
///
/// With ρ the cosine of x and q, a row's own estimate ρ̂ of it has the variance s²(1 − ρ²) + ν² over the seed: s² is
/// what the codes lose, ν² what is left where x and q point the same way, float32 arithmetic at least
/// (Documentation/Numerics.md).
public struct Estimate: Sendable, Hashable {
  /// The estimate of ⟨x, q⟩.
  public let value: Double
  /// Half the longer side of ``interval(_:)`` at 2, seen from ``value``; 0 only where the estimate is exact.
  ///
  /// For a biased estimator the bias is included. Near the ends of the possible range the interval is lopsided, and
  /// says more than one number can.
  public let standardError: Double
  /// What both error figures come from.
  package let error: EstimateError

  init(_ value: Double, _ error: EstimateError) {
    self.value = value
    self.error = error
    standardError = error.standardError(of: value)
  }

  /// What needs no estimate: a product with a zero vector.
  init(exactly value: Double) {
    self.value = value
    standardError = 0
    error = EstimateError(of: value, standardDeviation: 0)
  }

  /// The values of ⟨x, q⟩ that make the estimate at most `deviations` standard deviations wrong.
  ///
  /// The truth lies within `interval(2)` in about 95.4% of seeds, at every cosine of x and q. The interval is cut to
  /// ±‖x‖‖q‖ and never empty; the value of a biased estimator may lie outside it.
  public func interval(_ deviations: Double) -> (low: Double, high: Double) {
    error.interval(deviations)
  }
}

/// A query prepared for one codec: rotated, and projected on the sketch directions, once.
public struct Query: Sendable {
  /// The codec's fingerprint.
  public let fingerprint: Fingerprint
  /// ‖q‖.
  public let norm: Double
  /// R · q/‖q‖.
  package let direction: [Float]
  /// J · R · q/‖q‖, empty without a sketch.
  package let projections: [Float]
}
