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
    let low = min(max(first, possible.lowerBound), possible.upperBound)
    let high = max(low, min(last, possible.upperBound))
    // Float32 arithmetic is independent of the code's error. It also moves what a cosine of 1 comes to, so that it
    // widens the interval after the cut; an end on the wrong side of the estimate is the end of what is possible.
    let blur = margin / abs(slope)
    func side(_ length: Double) -> Double {
      length > 0 ? squareRoot(length * length + blur * blur) : length + blur
    }
    let ends = (
      offset + slope * (cosine - side(cosine - low)),
      offset + slope * (cosine + side(high - cosine))
    )
    return clamped((min(ends.0, ends.1), max(ends.0, ends.1)), to: range)
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

private func clamped(
  _ ends: (low: Double, high: Double), to range: ClosedRange<Double>
) -> (low: Double, high: Double) {
  (
    min(max(ends.low, range.lowerBound), range.upperBound),
    min(max(ends.high, range.lowerBound), range.upperBound)
  )
}
