// A query in integers.

internal import TurboQuant

/// A unit vector u in integers k, u′ = `step` · k.
///
/// The step makes ⟨u, u′⟩ = 1: u′ − u is orthogonal to u, so rows in the direction of the query have no error.
struct IntegerQuery {
  private(set) var numbers: [Int] = []
  private(set) var step = 0.0
  private(set) var sum = 0
  /// ‖u′ − u‖².
  private(set) var error = 0.0

  /// The integers of `u`, up to `largest` in magnitude.
  init(_ u: Span<Float>, largest: Int) {
    var largestCoordinate: Float = 0
    for i in u.indices { largestCoordinate = max(largestCoordinate, abs(u[i])) }
    let inverse = largestCoordinate > 0 ? Double(largest) / Double(largestCoordinate) : 0
    var (product, square) = (0.0, 0.0)
    numbers.reserveCapacity(u.count)
    for i in u.indices {
      let number = Portable.nearest(Double(u[i]) * inverse)
      numbers.append(number)
      sum += number
      product += Double(u[i]) * Double(number)
      square += Double(number) * Double(number)
    }
    guard product > 0 else { return }
    step = 1 / product
    error = max(0, step * step * square - 1)
  }

  /// What u′ − u adds to the variance of ⟨ŷ, u⟩, with ŷ a row's code of distortion D in d dimensions.
  ///
  /// ŷ is (1 − D)û plus an error of squared length D(1 − D); û is ρu plus a vector orthogonal to u.
  func rounding(distortion: Double) -> CosineError {
    let each = error / Double(max(1, numbers.count)) * (1 - distortion)
    return CosineError(across: each, along: each * distortion)
  }
}
