internal import TurboQuant
internal import TurboQuantKernels

/// Centroids as whole numbers, `step` each.
struct WholeCentroids: Sendable {
  enum Numbers: Sendable {
    /// For codes of at most 4 bits: sixteen numbers of 7 bits, each 64 more than it means.
    case bytes(SIMD16<UInt8>)
    /// For codes of 5 to 8 bits: 2ᵇ⁻¹ magnitudes of 11 bits, ascending.
    case magnitudes([UInt16])
  }

  let numbers: Numbers
  let step: Double

  /// The centroids of signs: −1 and +1.
  static let signs: WholeCentroids = {
    var whole = SIMD16<UInt8>(repeating: 64)
    (whole[0], whole[1]) = (1, 127)
    return WholeCentroids(numbers: .bytes(whole), step: 1.0 / 63)
  }()

  private init(numbers: Numbers, step: Double) {
    self.numbers = numbers
    self.step = step
  }

  init(_ codebook: Codebook) {
    if codebook.bits <= 4 {
      let (whole, step) = codebook.sevenBitCentroids()
      self.init(numbers: .bytes(SIMD16(whole)), step: step)
    } else {
      let (magnitudes, step) = codebook.elevenBitMagnitudes()
      self.init(numbers: .magnitudes(magnitudes), step: step)
    }
  }

  /// What a code means, in steps.
  func number(ofCode code: Int) -> Int {
    switch numbers {
    case .bytes(let whole): return Int(whole[code]) - 64
    case .magnitudes(let magnitudes):
      let half = magnitudes.count
      return code < half ? -Int(magnitudes[half - 1 - code]) : Int(magnitudes[code - half])
    }
  }
}

extension Codebook {
  /// Sixteen whole numbers k of seven bits; the centroids are about `step` · (k − 64).
  ///
  /// Several scales use most of the range. The one with the smallest rounding error is chosen, each centroid
  /// weighted by how often coordinates fall near it. The step is that of least squares under the same weights:
  /// the error is then uncorrelated with the centroids and does not shrink products.
  ///
  /// - Precondition: At most four bits.
  fileprivate func sevenBitCentroids() -> (centroids: [UInt8], step: Double) {
    precondition(bits <= 4)
    guard let last = exactCentroids.last, last > 0 else {
      return ([UInt8](repeating: 64, count: 16), 1)
    }
    let deviation = last / 2.7  // about that of a coordinate
    let weights = exactCentroids.map { Portable.exp(-$0 * $0 / (2 * deviation * deviation)) }
    let candidates = (38...63).map { largest in
      rounded(exactCentroids.map { Portable.nearest($0 / last * Double(largest)) }, weights)
    }
    let best = candidates.min { $0.cost < $1.cost } ?? candidates[0]
    let centroids = best.whole.map { UInt8($0 + 64) }
    return (centroids + [UInt8](repeating: 64, count: 16 - centroids.count), best.step)
  }

  /// The step of least squares for some whole numbers, and the weighted squared error that remains.
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

  /// Whole numbers k of eleven bits; the upper half of the centroids are about `step` · k, the lower half their
  /// negatives.
  fileprivate func elevenBitMagnitudes() -> (magnitudes: [UInt16], step: Double) {
    let upper = exactCentroids.suffix(exactCentroids.count / 2)
    guard let last = upper.last, last > 0 else { return (upper.map { _ in 0 }, 1) }
    let step = last / Double(QuadShape.largestMagnitude)
    return (upper.map { UInt16(Portable.nearest($0 / step)) }, step)
  }
}
