/// A unit vector u as integers k: u′ = `step` · k.
package struct IntegerQuery {
  package private(set) var numbers: [Int] = []
  /// The step for which ⟨u, u′⟩ = 1.
  ///
  /// Then u′ − u is orthogonal to u, so rows in the direction of the query have no error.
  package private(set) var step = 0.0
  package private(set) var sum = 0
  /// ‖u′ − u‖².
  package private(set) var error = 0.0

  /// Rounds `u` to integers of at most `largest` in magnitude.
  package init(_ u: Span<Float>, largest: Int) {
    let largestCoordinate = largestMagnitude(of: u)
    let inverse = largestCoordinate > 0 ? Double(largest) / Double(largestCoordinate) : 0
    var (product, square) = (0.0, 0.0)
    numbers = [Int](capacity: u.count) { output in
      for i in u.indices { output.append(Portable.nearest(Double(u[i]) * inverse)) }
    }
    for i in u.indices {
      let number = numbers[i]
      sum += number
      product += Double(u[i]) * Double(number)
      square += Double(number) * Double(number)
    }
    guard product > 0 else { return }
    step = 1 / product
    error = max(0, step * step * square - 1)
  }

  /// The variance that u′ − u adds to ⟨ŷ, u⟩, where ŷ is a row's code of distortion D in d dimensions.
  ///
  /// ŷ is (1 − D)û plus an error of squared length D(1 − D). û is ρu plus a vector orthogonal to u.
  package func rounding(distortion: Double) -> CosineError {
    let each = error / Double(max(1, numbers.count)) * (1 - distortion)
    return CosineError(across: each, along: each * distortion)
  }
}

extension IntegerQuery {
  /// Appends `u` in integers of at most 64, for ``IntegerCodebook/Numbers/int8(_:)``.
  ///
  /// Returns the meaning of a sum, in steps of the centroids.
  package static func append(_ u: Span<Float>, to weights: inout [Int8]) -> SumScale {
    var sum = 0
    let step = append(u, largest: 64, to: &weights) { sum += $0 }
    return SumScale(step: step, offset: -Double(IntegerCodebook.bias) * Double(sum) * step)
  }

  /// Appends `u` in integers of at most `largest`, for ``IntegerCodebook/Numbers/int16(_:)``.
  package static func append(
    _ u: Span<Float>, largest: Int, to weights: inout [Int16]
  ) -> SumScale {
    SumScale(step: append(u, largest: largest, to: &weights) { _ in }, offset: 0)
  }

  /// Appends `u` as the nearest integers, in units of the step at which the largest coordinate is `largest`.
  @inline(__always)
  private static func append<Weight: FixedWidthInteger>(
    _ u: Span<Float>, largest: Int, to weights: inout [Weight], _ see: (Int) -> Void
  ) -> Double {
    let step = Double(largestMagnitude(of: u)) / Double(largest)
    let inverse = step > 0 ? 1 / step : 0
    weights.reserveCapacity(weights.count + u.count)
    for i in u.indices {
      let weight = Portable.nearest(Double(u[i]) * inverse)
      weights.append(Weight(truncatingIfNeeded: weight))
      see(weight)
    }
    return step
  }
}

/// Compares numbers by their bits, which, unlike floating-point comparisons, do not wait for each other.
private func largestMagnitude(of u: Span<Float>) -> Float {
  var largest: UInt32 = 0
  for i in u.indices { largest = max(largest, u[i].magnitude.bitPattern) }
  return Float(bitPattern: largest)
}
