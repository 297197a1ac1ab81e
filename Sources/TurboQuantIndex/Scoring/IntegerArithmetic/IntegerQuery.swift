// A query in whole numbers.

internal import TurboQuant

/// A unit vector u in whole numbers k, u′ = `step` · k.
///
/// The step makes ⟨u, u′⟩ = 1, so that no error is left for rows that point where the query does: u′ − u stands at
/// right angles to u.
struct IntegerQuery {
  private(set) var numbers: [Int] = []
  private(set) var step = 0.0
  private(set) var sum = 0
  /// ‖u′ − u‖².
  private(set) var error = 0.0

  /// The whole numbers of `u` up to `largest` in magnitude.
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

  /// What u′ − u adds to the variance of ⟨ŷ, u⟩, ŷ a row's code of distortion D in d dimensions.
  ///
  /// ŷ is (1 − D)û and an error of squared length D(1 − D); û is ρu and something at right angles to u.
  func rounding(distortion: Double) -> CosineError {
    let each = error / Double(max(1, numbers.count)) * (1 - distortion)
    return CosineError(across: each, along: each * distortion)
  }
}
