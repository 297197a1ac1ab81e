internal import TurboQuantKernels

/// An estimate as a linear function of a cosine whose error is known, and what float32 arithmetic adds.
package struct EstimateError: Sendable, Hashable {
  /// The estimate at cosine 0, and what a cosine of 1 adds.
  package let offset: Double
  package let slope: Double
  /// The estimated cosine.
  let cosine: Double
  package let error: CosineError
  /// The cosines that are possible.
  private let possible: ClosedRange<Double>
  /// The estimates that are possible.
  private let range: ClosedRange<Double>
  /// The standard deviation of float32 arithmetic.
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

  /// The error of a value of which nothing but its standard deviation is known.
  package init(
    of value: Double, standardDeviation: Double,
    range: ClosedRange<Double> = -.infinity ... .infinity
  ) {
    self.init(
      offset: value, slope: 0, cosine: 0, CosineError(everywhere: 0), rounding: standardDeviation,
      range: range)
  }

  /// The values that the truth has within `deviations` standard deviations; never none.
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

  /// The upper end of an interval of cosines around `cosine`, which the code's own error puts at `end`.
  ///
  /// Float32 arithmetic is independent of that error. It also moves what a cosine of 1 comes to, so that it is added
  /// to an end that is next to the limit.
  private static func end(
    _ end: Double, from cosine: Double, limit: Double, _ blur: Double
  ) -> Double {
    let length = end - cosine
    let both = length > 0 ? cosine + squareRoot(length * length + blur * blur) : end + blur
    return end + blur > limit ? max(both, end + blur) : both
  }

  /// Half the longer side of `interval(2)`, seen from `value`.
  package func standardError(of value: Double) -> Double {
    let (low, high) = interval(2)
    return max(value - low, high - value) / 2
  }

  /// The error of `offset` + `slope` · the value, read off as `value` by arithmetic that has its own `error`, in units
  /// of the value here, and `rounding`.
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

  /// The cosines that a residual of length `share` may have with a query where the codes of a unit vector say `known`.
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
