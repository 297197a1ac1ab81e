internal import TurboQuant
internal import TurboQuantKernels

/// How far the score of a whole code may lie above what its signs alone say.
///
/// In the rotated frame a row is û, its code ŷ with alignment α = ⟨û, ŷ⟩, its signs s; the query has
/// direction u and cosine ρ with the row. The whole code says ρ̂ = ⟨ŷ, u⟩/α, the signs say
/// ρ̂₁ = ⟨s, u⟩/m̄ with m̄ = E‖û‖₁. Their difference is ⟨f, u⟩ with f = ŷ/α − s/m̄, and over a Haar
/// rotation, u = ρû + √(1 − ρ²)·v with v uniform around û,
///
///   Var(ρ̂ − ρ̂₁) = ρ²σ² + (1 − ρ²)τ²,  σ² = Var‖û‖₁/m̄²,  τ² = (d/m̄² − 1/(1 − D))/(d − 1),
///
/// since ‖f‖² → d/m̄² − 1/(1 − D) for a codebook that satisfies the centroid condition. The same
/// condition makes ρ̂ − ρ̂₁ uncorrelated with the error of ρ̂ itself, so that being among the best by ρ̂
/// does not favour rows whose signs mislead; k results are then missed with probability at most k times
/// the tail of one. Documentation/Numerics.md derives this and measures it.
struct Certificate: Sendable {
  /// Below it one coordinate weighs too much for the normal tail to hold, and a scan costs little.
  static let smallestDimension = 64

  private let meanL1: Double
  private let tau2: Double
  private let sigma2: Double
  /// The variance of the whole code's own error at cosine 0.
  private let codeVariance: Double

  /// The certificate of a codec, or nil where its codes have no prefix worth reading first.
  init?(_ codec: Codec, bits: Int) {
    guard codec.sketch == nil, bits > 1, codec.dimension >= Certificate.smallestDimension,
      let distortion = codec.distortion
    else { return nil }
    let d = Double(codec.dimension)
    meanL1 = d * Portable.meanAbsoluteCoordinate(dimension: codec.dimension)
    // E|u₁u₂| = 2/(πd) on the sphere.
    sigma2 = max(0, 1 + (d - 1) * 2 / Double.pi - meanL1 * meanL1) / (meanL1 * meanL1)
    // ‖f‖² itself scatters by a relative deviation below 2/√d from row to row.
    let spread = 1 + 2 / d.squareRoot()
    tau2 = spread * (d / (meanL1 * meanL1) - 1 / (1 - distortion)) / (d - 1)
    codeVariance = distortion / (1 - distortion) / (d - 1)
  }

  /// What ⟨s, u⟩ must be divided by.
  var signLength: Double { meanL1 }

  /// A line below which no ρ̂₁ may lie where ρ̂ ≥ c: ρ̂₁ ≥ slope · c + intercept, with z deviations
  /// to spare.
  ///
  /// c − z·b(c), with b² = ρ²σ² + (1 − ρ²)τ² + noise, is convex, and the line its tangent at `c`: rows of
  /// other norms, which need another cosine to reach the same score, are judged by the same line.
  func line(at c: Double, deviations z: Double, noise: Double) -> (slope: Double, intercept: Double)
  {
    let at = min(max(c, -1), 1)
    // The row's true cosine may lie below the estimate that got it there.
    let rho = max(0, at - 3 * ((1 - at * at) * codeVariance).squareRoot())
    let deviation = (rho * rho * sigma2 + (1 - rho * rho) * tau2 + noise).squareRoot()
    let slope = 1 + z * (tau2 - sigma2) * rho / deviation
    return (slope, at - z * deviation - slope * at)
  }
}
