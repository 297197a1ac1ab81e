/// The mean of a coordinate in every cell that the top bits of a code tell apart.
///
/// The means satisfy the centroid condition, E(û | cell) = ŵ, so E⟨û, ŵ⟩ = E‖ŵ‖² = 1 − distortion.
package struct CodePrefix: Sendable {
  /// The 2ᵇ means, ascending.
  package let means: [Double]
  /// E‖û − ŵ‖² of a whole unit vector.
  package let distortion: Double
  /// Var⟨û, ŵ⟩ of a whole unit vector of d coordinates, times d, as d grows.
  package let alignmentVariance: Double
}

/// Moments of a coordinate, in units of its standard deviation, over cells of the upper half of a codebook.
///
/// Each moment is E(|t|ⁿ; cell or its mirror image), so the masses of all cells add up to 1.
package struct CellMoments {
  package var mass: [Double] = []
  package var first: [Double] = []
  package var second: [Double] = []
  package var third: [Double] = []

  /// The mean of ⟨û, w⟩ and d times its variance, where a coordinate in cell i has w = ±`values`[i]
  /// standard deviations.
  ///
  /// A unit vector is g/‖g‖ with g normal. With h(t) = t·w(t), dividing by ‖g‖ removes from Σ h(gᵢ)
  /// the part that moves with ‖g‖²: d · Var⟨û, w⟩ → Var h − ½ Cov(h, g²)².
  package func alignment(of values: [Double]) -> (mean: Double, variance: Double) {
    var (mean, square, withSquare) = (0.0, 0.0, 0.0)
    for (i, w) in values.enumerated() {
      mean += w * first[i]
      square += w * w * second[i]
      withSquare += w * third[i]
    }
    let covariance = withSquare - mean
    return (mean, max(0, square - mean * mean - covariance * covariance / 2))
  }
}

extension Codebook {
  /// The moments of the cells that the top `bits` bits of a code tell apart.
  ///
  /// - Precondition: 1 ≤ `bits` ≤ the codebook's bits, and the law has two dimensions or more.
  package func moments(bits: Int) -> CellMoments {
    precondition((1...self.bits).contains(bits))
    let (half, cells) = (1 << (self.bits - 1), 1 << (bits - 1))
    let edges = LloydMax.edges(of: Array(exactCentroids.suffix(half)), law)
    let (whole, scale) = (law.integral(from: 0, to: law.upperEnd), law.scale)
    var moments = CellMoments()
    for cell in 0..<cells {
      let (a, b) = (edges[cell * half / cells], edges[(cell + 1) * half / cells])
      moments.mass.append(law.integral(from: a, to: b) / whole)
      moments.first.append(law.firstMoment(from: a, to: b) / whole / scale)
      moments.second.append(law.integral(from: a, to: b) { $0 * $0 } / whole / (scale * scale))
      moments.third.append(
        law.integral(from: a, to: b) { $0 * $0 * $0 } / whole / (scale * scale * scale))
    }
    return moments
  }

  /// The means for the top `bits` bits of this codebook's codes.
  ///
  /// - Precondition: As ``moments(bits:)``.
  package func prefix(bits: Int) -> CodePrefix {
    let moments = moments(bits: bits)
    let means = zip(moments.first, moments.mass).map { $0 / $1 }
    let (kept, variance) = moments.alignment(of: means)
    let upper = means.map { $0 * law.scale }
    return CodePrefix(
      means: upper.reversed().map { -$0 } + upper, distortion: 1 - kept,
      alignmentVariance: variance)
  }
}
