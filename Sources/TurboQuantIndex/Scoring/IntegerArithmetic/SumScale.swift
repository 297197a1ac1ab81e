// What sums of whole numbers mean.

internal import TurboQuant
internal import TurboQuantKernels

/// What one sum of whole numbers means: value = `step` · sum + `offset`.
struct SumScale: Sendable {
  var step: Double
  var offset: Double
  /// What rounding query and centroids to whole numbers adds to the value's variance.
  var rounding: CosineError

  /// The same for a multiple of the value.
  func scaled(by factor: Double) -> SumScale {
    SumScale(step: step * factor, offset: offset * factor, rounding: rounding.scaled(by: factor))
  }
}

extension SumScale {
  /// Entries of lookup tables are rounded each on its own, by up to half a step.
  init(_ meaning: LookupTables.Meaning) {
    self.init(
      step: meaning.step, offset: meaning.offset,
      rounding: CosineError(everywhere: Double(meaning.count) * meaning.step * meaning.step / 12))
  }
}
