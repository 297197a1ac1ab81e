/// The meaning of a sum of integers: value = `step` · sum + `offset`.
package struct SumScale: Sendable {
  package var step: Double
  package var offset: Double
  /// The variance that rounding query and centroids to integers adds to the value, where it is known.
  package var rounding: CosineError

  package init(
    step: Double, offset: Double, rounding: CosineError = CosineError(everywhere: 0)
  ) {
    self.step = step
    self.offset = offset
    self.rounding = rounding
  }

  /// The scale of `factor` times the value.
  package func scaled(by factor: Double) -> SumScale {
    SumScale(step: step * factor, offset: offset * factor, rounding: rounding.scaled(by: factor))
  }
}

extension SumScale {
  /// The scale of sums of table entries; each entry is rounded by up to half a step.
  package init(_ meaning: LookupTables.Meaning) {
    self.init(
      step: meaning.step, offset: meaning.offset,
      rounding: CosineError(everywhere: Double(meaning.count) * meaning.step * meaning.step / 12))
  }
}
