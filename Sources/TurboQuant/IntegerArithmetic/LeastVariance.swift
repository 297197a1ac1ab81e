// How a search rounds centroids.

extension IntegerCodebook {
  /// The integers for which ⟨û, ŷ⟩ varies least from row to row.
  ///
  /// - Precondition: 3, 4 or 8 bits.
  package init(leastVariance codebook: Codebook) {
    precondition([3, 4, 8].contains(codebook.bits))
    let isNarrow = codebook.bits <= 4
    let (positive, step, rounding, distortion) =
      isNarrow
      ? codebook.leastVariance(smallest: 38, largest: 63)
      : codebook.leastVariance(smallest: 4095, largest: 4095)
    self.init(
      isNarrow
        ? .int8(positive.reversed().map { -$0 } + positive) : .int16(positive.map { UInt16($0) }),
      step: step, rounding: rounding, distortion: distortion)
  }
}

extension Codebook {
  /// The upper half of the centroids as integers, with the last one in `smallest` … `largest`.
  ///
  /// Let ŷ′ be the rounded code. The step gives ⟨û, ŷ′⟩ the mean 1 − D over rows, which is the mean
  /// of ⟨û, ŷ⟩. Of all integers in range, those are chosen for which ⟨û, ŷ′⟩ varies least from row
  /// to row, because this variation is the only error if a query has the direction of the row.
  fileprivate func leastVariance(
    smallest: Int, largest: Int
  ) -> (positive: [Int], step: Double, rounding: CosineError, distortion: Double) {
    let upper = Array(exactCentroids.suffix(exactCentroids.count / 2))
    guard case .sphere(let d) = law, d > 1, let last = upper.last, last > 0 else {
      // A single coordinate is ±1 and always the outermost centroid.
      let step = (upper.last ?? 1) / Double(largest)
      return (upper.map { Portable.nearest($0 / step) }, step, CosineError(everywhere: 0), 0)
    }
    let moments = moments(bits: bits)
    let deviations = upper.map { $0 / law.scale }
    // At cosine 0 the query's rounding adds up to 2.5% to the variance; both together may add 5%.
    let acrossLimit = 0.02 * distortion * (1 - distortion)
    var best: (numbers: [Int], step: Double, rounding: CosineError)?
    // The last centroid takes eight values per integer of its range.
    for count in 8 * smallest...8 * largest {
      let numbers = deviations.map {
        Portable.nearest($0 / (last / law.scale) * Double(count) / 8)
      }
      let (step, rounding) = meaning(of: numbers, deviations, moments)
      let order = (max(rounding.across, acrossLimit), rounding.along)
      if let best, order >= (max(best.rounding.across, acrossLimit), best.rounding.along) {
        continue
      }
      best = (numbers, step, rounding)
    }
    guard let best else { preconditionFailure("no numbers from \(smallest) to \(largest)") }
    return (
      best.numbers, best.step * law.scale, best.rounding.scaled(by: law.scale), distortion
    )
  }

  /// The step for `numbers`, in standard deviations, and d times the variance that they add to ⟨ŷ, u⟩.
  private func meaning(
    of numbers: [Int], _ deviations: [Double], _ moments: CellMoments
  ) -> (step: Double, CosineError) {
    let floats = numbers.map { Double($0) }
    let step = (1 - distortion) / moments.alignment(of: floats).mean
    let errors = zip(floats, deviations).map { step * $0 - $1 }
    let across = zip(errors, moments.mass).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
    return (
      step, CosineError(across: across, along: moments.alignment(of: errors).variance)
    )
  }
}
