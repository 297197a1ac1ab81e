/// How codes and a query become an estimate of ⟨x, q⟩.
public enum Estimator: String, Sendable, Hashable, CaseIterable {
  /// ‖x‖⟨ŷ, Rq⟩: the inner product with the decoded row, shrunk toward 0 by the factor 1 − D.
  ///
  /// It has the least squared error on average over all directions of the query.
  case reconstruction
  /// ‖x‖⟨ŷ, Rq⟩ / alignment: unbiased over a Haar rotation.
  ///
  /// It has the smallest variance of all unbiased estimators here; EDEN and RaBitQ use the same scale.
  case renormalized
  /// ‖x‖⟨ŷ, Rq⟩ / ‖ŷ‖: between the two others; often best for keys under softmax.
  case matchedNorm = "matched-norm"
  /// The reconstruction plus the sketch's estimate of the residual's share (TurboQuant, Algorithm 2).
  ///
  /// It is unbiased over J for every fixed x when J is Gaussian or Haar-orthogonal.
  case twoStage = "two-stage"
}

/// An estimate of an inner product, with its error.
///
/// Let ρ be the cosine of x and q, and ρ̂ the row's estimate of ρ. Over the seed, ρ̂ has the
/// variance s²(1 − ρ²) + ν². s² is the error of the codes. ν² is the variance that remains where x
/// and q point the same way; it is at least the variance of float32 arithmetic
/// (Documentation/Numerics.md).
public struct Estimate: Sendable, Hashable {
  /// The estimate of ⟨x, q⟩.
  public let value: Double
  /// Half the larger distance from ``value`` to an end of ``interval(_:)`` at 2; 0 only if the estimate is exact.
  ///
  /// It includes the bias of a biased estimator. Near the ends of the possible range the interval
  /// is asymmetric, and says more than one number can.
  public let standardError: Double
  /// The error from which the standard error and the interval are computed.
  package let error: EstimateError

  init(_ value: Double, _ error: EstimateError) {
    self.value = value
    self.error = error
    standardError = error.standardError(of: value)
  }

  /// An exact value: a product with a zero vector.
  init(exactly value: Double) {
    self.value = value
    standardError = 0
    error = EstimateError(of: value, standardDeviation: 0)
  }

  /// The values of ⟨x, q⟩ for which the estimate is at most `deviations` standard deviations off.
  ///
  /// The truth lies within `interval(2)` in about 95.4% of seeds, at every cosine of x and q. The
  /// interval is clamped to ±‖x‖‖q‖ and is never empty. The value of a biased estimator may lie
  /// outside it.
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
