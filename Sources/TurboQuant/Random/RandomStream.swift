internal import TurboQuantKernels

/// What a stream of random numbers is for.
///
/// Rotation, sketch, sampling and test data never share a stream: data drawn from the rotation's
/// own stream are aligned with the rotation, which once produced a famous wrong result.
package enum RandomPurpose: UInt32, Sendable, CaseIterable {
  /// The rotation R.
  case rotation = 1
  /// The sketch directions J.
  case sketch = 2
  /// Choosing rows, pairs or queries.
  case sampling = 3
  /// Synthetic vectors in tests, benchmarks and demonstrations.
  case testData = 4
}

/// A reproducible stream of random numbers, identified by seed, purpose and number.
///
/// Words come from Philox4x32-10 with key = seed and counter = (block low, block high, number,
/// purpose). Everything derived from them uses only IEEE arithmetic, so a stream is the same on
/// every platform. Test vectors are in Documentation/FileFormat.md.
package struct RandomStream: Sendable {
  private let key: SIMD2<UInt32>
  private let number: UInt32
  private let purpose: UInt32
  private var block: UInt64 = 0
  private var words = SIMD4<UInt32>()
  private var used = 4
  private var spareNormal: Double?

  /// Creates the stream of `seed` for `purpose`; `number` distinguishes streams of one purpose.
  package init(seed: UInt64, purpose: RandomPurpose, number: UInt32 = 0) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.number = number
    self.purpose = purpose.rawValue
  }

  /// The next 32 uniform bits.
  package mutating func nextWord() -> UInt32 {
    if used == 4 {
      let counter = SIMD4(
        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), number, purpose)
      words = Philox.block(counter: counter, key: key)
      block += 1
      used = 0
    }
    defer { used += 1 }
    return words[used]
  }

  /// A uniform number in [0, 1): a multiple of 2⁻⁵³ made from two words.
  package mutating func nextUniform() -> Double {
    let high = UInt64(nextWord() >> 5)
    let low = UInt64(nextWord() >> 6)
    return Double(high << 26 | low) * 0x1p-53
  }

  /// A uniform integer in 0 ..< `bound`, without bias.
  ///
  /// - Precondition: `bound` > 0.
  package mutating func nextInteger(below bound: UInt32) -> UInt32 {
    precondition(bound > 0, "an integer below 0 does not exist")
    // Lemire's multiplication method: reject the few products that would make residues uneven.
    let threshold = (0 &- bound) % bound
    while true {
      let product = UInt64(nextWord()) * UInt64(bound)
      if UInt32(truncatingIfNeeded: product) >= threshold {
        return UInt32(truncatingIfNeeded: product >> 32)
      }
    }
  }

  /// A standard normal deviate, by Marsaglia's polar method with a portable logarithm.
  package mutating func nextNormal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    while true {
      let x = 2 * nextUniform() - 1
      let y = 2 * nextUniform() - 1
      let s = x * x + y * y
      guard s > 0, s < 1 else { continue }
      let factor = squareRoot(-2 * Portable.log(s) / s)
      spareNormal = y * factor
      return x * factor
    }
  }

  /// `count` random bits, least significant bit of each byte first, made of whole words.
  mutating func nextBits(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<(count + 31) / 32 {
      let word = nextWord()
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    return bytes
  }
}
