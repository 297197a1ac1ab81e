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

/// An estimate of an inner product.
public struct Estimate: Sendable, Hashable {
  /// The estimate of ⟨x, q⟩.
  public let value: Double
  /// The root mean square of estimate − truth that the codes themselves predict.
  ///
  /// For the unbiased estimators it is the standard error over the seed; for the biased ones the
  /// bias is included. With the row's ŷ = alignment · û + e and ρ the cosine of x and q, the
  /// product ⟨ŷ, Rq⟩ has the mean alignment · ρ‖q‖ and the variance ‖e‖²(1 − ρ²)‖q‖²/(d − 1) over a
  /// Haar rotation; ρ is taken from the estimate itself.
  public let standardError: Double
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
