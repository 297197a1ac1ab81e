/// A codebook of integers k; the centroids are about `step` · k.
///
/// Sums of integers are exact, so every target and thread count finds the same results.
/// Documentation/Numerics.md says how much the rounding adds to the variance of the codes.
package struct IntegerCodebook: Sendable {
  /// The integers as the kernels read them.
  package enum Numbers: Sendable {
    /// For codes of at most 4 bits: sixteen integers of 7 bits, stored as k + 64.
    case int8(SIMD16<UInt8>)
    /// For more bits: the positive integers, ascending; the others are their negatives.
    case int16([UInt16])
  }

  package let numbers: Numbers
  package let step: Double
  /// The variance that rounding the centroids adds to ⟨ŷ, u⟩, where it is known.
  package let rounding: CosineError
  /// The distortion of the codebook in floats.
  package let distortion: Double

  /// The centroids of signs: −1 and +1.
  package static let signs: IntegerCodebook = {
    var numbers = SIMD16<UInt8>(repeating: IntegerCodebook.bias)
    (numbers[0], numbers[1]) = (1, 127)
    return IntegerCodebook(.int8(numbers), step: 1.0 / 63)
  }()

  /// The number that is added to integers of 7 bits when they are stored.
  package static let bias: UInt8 = 64

  init(
    _ numbers: Numbers, step: Double, rounding: CosineError = CosineError(everywhere: 0),
    distortion: Double = 0
  ) {
    self.numbers = numbers
    self.step = step
    self.rounding = rounding
    self.distortion = distortion
  }

  /// The integer k of a code.
  package func number(ofCode code: Int) -> Int {
    switch numbers {
    case .int8(let biased): return Int(biased[code]) - Int(Self.bias)
    case .int16(let positive):
      let half = positive.count
      return code < half ? -Int(positive[half - 1 - code]) : Int(positive[code - half])
    }
  }
}

extension IntegerCodebook.Numbers {
  /// Up to sixteen integers k; missing ones are 0.
  static func int8(_ numbers: [Int]) -> IntegerCodebook.Numbers {
    var biased = SIMD16<UInt8>(repeating: IntegerCodebook.bias)
    for (i, k) in numbers.enumerated() { biased[i] = UInt8(k + Int(IntegerCodebook.bias)) }
    return .int8(biased)
  }
}
