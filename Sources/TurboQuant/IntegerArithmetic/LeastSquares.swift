// How attention rounds centroids.

internal import TurboQuantKernels

extension IntegerCodebook {
  /// The integers nearest to the centroids: 7 bits for codes of up to 4 bits, 11 bits for longer codes.
  package init(leastSquares codebook: Codebook) {
    if codebook.bits <= 4 {
      let (numbers, step) = codebook.sevenBitCentroids()
      self.init(.int8(numbers), step: step)
    } else {
      let (positive, step) = codebook.elevenBitMagnitudes()
      self.init(.int16(positive), step: step)
    }
  }
}

extension Codebook {
  /// Integers k of seven bits; the centroids are about `step` · k.
  ///
  /// Several scales use most of the range. The scale with the smallest rounding error is chosen,
  /// with each centroid weighted by how often coordinates fall near it. The step minimizes the
  /// squared error under the same weights, so the error is uncorrelated with the centroids and does
  /// not shrink products.
  ///
  /// - Precondition: At most four bits.
  fileprivate func sevenBitCentroids() -> (centroids: [Int], step: Double) {
    precondition(bits <= 4)
    guard let last = exactCentroids.last, last > 0 else { return ([], 1) }
    let deviation = last / 2.7  // about the standard deviation of a coordinate
    let weights = exactCentroids.map { Portable.exp(-$0 * $0 / (2 * deviation * deviation)) }
    let candidates = (38...63).map { largest in
      rounded(exactCentroids.map { Portable.nearest($0 / last * Double(largest)) }, weights)
    }
    let best = candidates.min { $0.cost < $1.cost } ?? candidates[0]
    return (best.integers, best.step)
  }

  /// The step of least squares for `integers`, and the weighted squared error that remains.
  private func rounded(
    _ integers: [Int], _ weights: [Double]
  ) -> (integers: [Int], step: Double, cost: Double) {
    var (products, squares) = (0.0, 0.0)
    for (i, weight) in weights.enumerated() {
      products += weight * exactCentroids[i] * Double(integers[i])
      squares += weight * Double(integers[i] * integers[i])
    }
    let step = squares > 0 ? products / squares : 1
    var cost = 0.0
    for (i, weight) in weights.enumerated() {
      let error = exactCentroids[i] - step * Double(integers[i])
      cost += weight * error * error
    }
    return (integers, step, cost)
  }

  /// Integers k of eleven bits for the upper half of the centroids, which are about `step` · k.
  ///
  /// The lower half are their negatives.
  fileprivate func elevenBitMagnitudes() -> (magnitudes: [UInt16], step: Double) {
    let upper = exactCentroids.suffix(exactCentroids.count / 2)
    guard let last = upper.last, last > 0 else { return (upper.map { _ in 0 }, 1) }
    let step = last / Double(QuadShape.largestMagnitude)
    return (upper.map { UInt16(Portable.nearest($0 / step)) }, step)
  }
}
