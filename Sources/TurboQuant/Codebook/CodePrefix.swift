/// What the top bits of codes say on their own: for every cell that shares them, the mean of a coordinate there.
///
/// The means satisfy the centroid condition, E(û | cell) = ŵ, so that E⟨û, ŵ⟩ = E‖ŵ‖² = 1 − distortion.
package struct CodePrefix: Sendable {
  /// The 2ᵇ means, ascending.
  package let means: [Double]
  /// E‖û − ŵ‖² of a whole unit vector.
  package let distortion: Double
  /// Var⟨û, ŵ⟩ of a whole unit vector of d coordinates, times d, as d grows.
  package let alignmentVariance: Double
}

extension Codebook {
  /// The top `bits` bits of this codebook's codes.
  ///
  /// A unit vector is g/‖g‖ with g normal. Dividing by ‖g‖ takes off Σ h(gᵢ), h(t) = t·ŵ(t), what moves with ‖g‖²:
  /// d · Var⟨û, ŵ⟩ → Var h − ½ Cov(h, g²)² in units of the coordinate's variance.
  ///
  /// - Precondition: `bits` is at least 1 and at most the codebook's.
  package func prefix(bits: Int) -> CodePrefix {
    precondition((1...self.bits).contains(bits))
    let (half, cells) = (1 << (self.bits - 1), 1 << (bits - 1))
    let edges = LloydMax.edges(of: Array(exactCentroids.suffix(half)), law)
    let (mass, scale) = (law.integral(from: 0, to: law.upperEnd), law.scale)
    var means: [Double] = []
    // E h, E h² and E h·g².
    var (first, second, third) = (0.0, 0.0, 0.0)
    for cell in 0..<cells {
      let (a, b) = (edges[cell * half / cells], edges[(cell + 1) * half / cells])
      func moment(_ g: (Double) -> Double) -> Double { law.integral(from: a, to: b, g) / mass }
      let own = moment { _ in 1 }
      let mean = law.firstMoment(from: a, to: b) / mass / own
      means.append(mean)
      let w = mean / scale
      first += own * w * w
      second += w * w * moment { $0 * $0 } / (scale * scale)
      third += w * moment { $0 * $0 * $0 } / (scale * scale * scale)
    }
    let covariance = third - first
    return CodePrefix(
      means: means.reversed().map { -$0 } + means, distortion: 1 - first,
      alignmentVariance: max(0, second - first * first - covariance * covariance / 2))
  }
}
