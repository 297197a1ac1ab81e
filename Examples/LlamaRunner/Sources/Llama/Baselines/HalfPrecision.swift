/// Rounding to IEEE binary16, on every platform.
enum HalfPrecision {
  /// The nearest float16, ties to even; infinite from 65,520 on.
  static func rounded(_ value: Float) -> Float {
    guard abs(value) < 65_520 else { return value.isNaN ? value : value * .infinity }
    // The distance of float16 numbers around the value; below 2^-14 they lie evenly.
    let step = Float(sign: .plus, exponent: max(value.exponent, -14) - 10, significand: 1)
    return (value / step).rounded(.toNearestOrEven) * step
  }
}

extension FixedWidthInteger {
  /// The code of a number of steps, cut off at the ends of `range`; the least where it is no number.
  init(code steps: Float, in range: ClosedRange<Float>) {
    self.init(
      steps.isNaN
        ? range.lowerBound : Swift.min(Swift.max(steps, range.lowerBound), range.upperBound))
  }
}
