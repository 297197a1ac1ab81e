// How a similarity is assembled from a sum, the row's scalars and the constants of its centre.

internal import TurboQuant
internal import TurboQuantKernels

/// How one query's similarities come from estimated cosines ρ̂.
///
/// A similarity is what rows are ranked by; more is better. It is the score or, for distances, its negative:
///
///   similarity = ‖x‖·(scale · ρ̂ − normFactor · ‖x‖) + componentFactor · t + constant,
///
/// where ‖x‖ is 1 if rows store no norm, and t is the row's component along its centre.
struct SimilarityFormula: Sendable {
  /// Inner product ‖q‖, cosine 1, squared distance 2‖q‖; q as rows meet it, in units of the whole query for cosines.
  let scale: Double
  /// Squared distance 1, else 0.
  let normFactor: Double
  /// Squared distance −‖q‖², else what the centre adds.
  let constant: Double
  /// ⟨q, c/‖c‖⟩, 0 without a centre.
  let componentFactor: Double

  /// The formula for rows of one centre, for a query that is `queryNorm` long as these rows meet it.
  init(_ metric: Metric, queryNorm: Double, _ centers: Centers, _ constants: CenterConstants) {
    componentFactor = constants.component
    switch metric {
    case .cosine where !centers.areProductsWithDirections(metric):
      (scale, normFactor, constant) = (queryNorm > 0 ? 1 : 0, 0, constants.product)
    case .innerProduct, .cosine: (scale, normFactor, constant) = (queryNorm, 0, constants.product)
    case .squaredEuclidean:
      (scale, normFactor, constant) = (2 * queryNorm, 1, -queryNorm * queryNorm)
    }
  }

  /// What makes similarities of sums that mean ρ̂.
  func factors(_ sums: SumScale) -> SimilarityFactors {
    SimilarityFactors(
      step: Float(scale * sums.step), offset: Float(scale * sums.offset),
      normFactor: Float(normFactor), constant: Float(constant),
      alongFactor: Float(componentFactor))
  }

  /// The cosine that a row needs for a similarity, or nil where no cosine matters.
  func cosine(forSimilarity similarity: Double, norm: Double, component: Double) -> Double? {
    guard scale > 0, norm > 0 else { return nil }
    return ((similarity - constant - componentFactor * component) / norm + normFactor * norm)
      / scale
  }
}
