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

/// Moments of a coordinate, in units of its deviation, over cells of the upper half of a codebook.
///
/// Each is E(|t|ⁿ; cell or its mirror image): summed over the cells, the mass is 1.
package struct CellMoments {
  package var mass: [Double] = []
  package var first: [Double] = []
  package var second: [Double] = []
  package var third: [Double] = []

  /// The mean of ⟨û, w⟩ and d times its variance, where a coordinate in cell i has w = ±`values`[i] deviations.
  ///
  /// A unit vector is g/‖g‖ with g normal. Dividing by ‖g‖ takes off Σ h(gᵢ), h(t) = t·w(t), what moves with ‖g‖²:
  /// d · Var⟨û, w⟩ → Var h − ½ Cov(h, g²)².
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
  /// The moments of the cells that the top `bits` bits tell apart.
  ///
  /// - Precondition: `bits` is at least 1 and at most the codebook's, whose law has two dimensions or more.
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

  /// The top `bits` bits of this codebook's codes.
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
