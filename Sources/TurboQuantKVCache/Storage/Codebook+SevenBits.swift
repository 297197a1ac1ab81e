internal import TurboQuant

// Centroids as whole numbers, for products of bytes.

extension Codebook {
  /// Whole numbers k of seven bits, sixteen of them and 64 beyond the last, so that centroids are about
  /// `step` · (k − 64).
  ///
  /// Of those that use most of the range, the numbers whose rounding costs least where coordinates fall
  /// most often: a few centroids leave room to choose. The step is that of least squares under the same
  /// weights, so that what is left has nothing to do with the centroids and shortens no product.
  ///
  /// - Precondition: At most four bits.
  func sevenBitCentroids() -> (centroids: [UInt8], step: Double) {
    precondition(bits <= 4)
    guard let last = exactCentroids.last, last > 0 else {
      return ([UInt8](repeating: 64, count: 16), 1)
    }
    let deviation = last / 2.7  // about that of a coordinate
    let weights = exactCentroids.map { Portable.exp(-$0 * $0 / (2 * deviation * deviation)) }
    let offers = (38...63).map { largest in
      rounded(exactCentroids.map { Portable.nearest($0 / last * Double(largest)) }, weights)
    }
    let best = offers.min { $0.cost < $1.cost } ?? offers[0]
    let centroids = best.whole.map { UInt8($0 + 64) }
    return (centroids + [UInt8](repeating: 64, count: 16 - centroids.count), best.step)
  }

  /// The step of least squares for some whole numbers, and what is left.
  private func rounded(
    _ whole: [Int], _ weights: [Double]
  ) -> (whole: [Int], step: Double, cost: Double) {
    var (products, squares) = (0.0, 0.0)
    for (i, weight) in weights.enumerated() {
      products += weight * exactCentroids[i] * Double(whole[i])
      squares += weight * Double(whole[i] * whole[i])
    }
    let step = squares > 0 ? products / squares : 1
    var cost = 0.0
    for (i, weight) in weights.enumerated() {
      let error = exactCentroids[i] - step * Double(whole[i])
      cost += weight * error * error
    }
    return (whole, step, cost)
  }
}
