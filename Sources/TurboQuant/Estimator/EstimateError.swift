internal import TurboQuantKernels

/// The error of an estimate that is a linear function of a cosine with a known error, plus float32 rounding.
package struct EstimateError: Sendable, Hashable {
  /// The estimate is `offset` at cosine 0, and a cosine of 1 adds `slope`.
  package let offset: Double
  package let slope: Double
  /// The estimated cosine.
  let cosine: Double
  package let error: CosineError
  /// The possible cosines.
  let possible: ClosedRange<Double>
  /// The possible estimates.
  let range: ClosedRange<Double>
  /// The standard deviation that float32 arithmetic adds.
  package let rounding: Double

  package init(
    offset: Double, slope: Double, cosine: Double, _ error: CosineError, rounding: Double,
    possible: ClosedRange<Double> = -1...1,
    range: ClosedRange<Double> = -.infinity ... .infinity
  ) {
    self.offset = offset
    self.slope = slope
    self.cosine = cosine
    self.error = error
    self.rounding = rounding
    self.possible = possible
    self.range = range
  }

  /// The error of a value when only its standard deviation is known.
  package init(
    of value: Double, standardDeviation: Double,
    range: ClosedRange<Double> = -.infinity ... .infinity
  ) {
    self.init(
      offset: value, slope: 0, cosine: 0, CosineError(everywhere: 0), rounding: standardDeviation,
      range: range)
  }

  /// The true values within `deviations` standard deviations of the estimate; never empty.
  package func interval(_ deviations: Double) -> (low: Double, high: Double) {
    let z = abs(deviations)
    let margin = rounding > 0 ? z * rounding : 0
    guard slope != 0 else { return clamped((offset - margin, offset + margin), to: range) }
    let (first, last) = error.interval(around: cosine, deviations: z)
    let blur = margin / abs(slope)
    let low = -EstimateError.end(
      -clamped(first, to: possible), from: -cosine, limit: -possible.lowerBound, blur)
    let high = EstimateError.end(
      clamped(last, to: possible), from: cosine, limit: possible.upperBound, blur)
    let ends = (offset + slope * low, offset + slope * high)
    return clamped((min(ends.0, ends.1), max(ends.0, ends.1)), to: range)
  }

  /// The upper end of an interval of cosines around `cosine`; `end` is its value without float32 rounding.
  ///
  /// Float32 rounding is independent of the error of the codes, so the two add as the root of their
  /// squares. It also moves the estimate at a cosine of 1, so it is added in full to an end near
  /// the limit.
  private static func end(
    _ end: Double, from cosine: Double, limit: Double, _ blur: Double
  ) -> Double {
    let length = end - cosine
    let both = length > 0 ? cosine + squareRoot(length * length + blur * blur) : end + blur
    return end + blur > limit ? max(both, end + blur) : both
  }

  /// Half the larger distance from `value` to an end of `interval(2)`.
  package func standardError(of value: Double) -> Double {
    let (low, high) = interval(2)
    return max(value - low, high - value) / 2
  }

  /// The error of `offset` + `slope` · the estimate, when further arithmetic computes it as `value`.
  ///
  /// That arithmetic has its own `error`, in units of this estimate, and its own `rounding`.
  package func scaled(
    by slope: Double, offset: Double, value: Double, _ error: CosineError, rounding: Double,
    range: ClosedRange<Double>
  ) -> EstimateError {
    let (base, step) = (offset + slope * self.offset, slope * self.slope)
    guard step != 0 else {
      return EstimateError(of: value, standardDeviation: rounding, range: range)
    }
    return EstimateError(
      offset: base, slope: step, cosine: (value - base) / step,
      self.error + error.scaled(by: 1 / self.slope), rounding: rounding, possible: possible,
      range: range)
  }

  /// The possible cosines of a query and a residual of length `share`.
  ///
  /// The codes of the unit vector contribute `known` to its cosine with the query.
  static func cosines(of share: Double, beside known: Double) -> ClosedRange<Double> {
    let low = min(1, max(-1, (-1 - known) / share))
    return low...max(low, min(1, (1 - known) / share))
  }
}

private func clamped(_ value: Double, to range: ClosedRange<Double>) -> Double {
  min(max(value, range.lowerBound), range.upperBound)
}

private func clamped(
  _ ends: (low: Double, high: Double), to range: ClosedRange<Double>
) -> (low: Double, high: Double) {
  (clamped(ends.low, to: range), clamped(ends.high, to: range))
}
