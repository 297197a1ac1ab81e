// What sums of integers mean.

internal import TurboQuant
internal import TurboQuantKernels

/// What a sum of integers means: value = `step` · sum + `offset`.
struct SumScale: Sendable {
  var step: Double
  var offset: Double
  /// What rounding query and centroids to integers adds to the value's variance.
  var rounding: CosineError

  /// The same for a multiple of the value.
  func scaled(by factor: Double) -> SumScale {
    SumScale(step: step * factor, offset: offset * factor, rounding: rounding.scaled(by: factor))
  }
}

extension SumScale {
  /// Each entry of a lookup table is rounded by up to half a step.
  init(_ meaning: LookupTables.Meaning) {
    self.init(
      step: meaning.step, offset: meaning.offset,
      rounding: CosineError(everywhere: Double(meaning.count) * meaning.step * meaning.step / 12))
  }
}
