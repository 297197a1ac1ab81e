@testable import TurboQuant
@testable import TurboQuantKernels

/// Seeded values for kernel tests.
enum TestFloats {
  /// A generator of its own (SplitMix64), so that nothing under test makes the test's data.
  struct Generator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
  }

  /// One leading float and `count` more, so that the rest is not on a register's boundary.
  static func unaligned(_ count: Int, seed: UInt64, exponent: Int = 0) -> [Float] {
    var generator = Generator(state: seed)
    return (0..<count + 1).map { _ in
      let value = Float(Int32(truncatingIfNeeded: generator.next())) * 0x1p-31
      return value * Float(sign: .plus, exponent: max(exponent, -100), significand: 1)
        * Float(sign: .plus, exponent: min(0, exponent + 100), significand: 1)
    }
  }

  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = Generator(state: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  static let largestCentroid: Float = 1

  /// Uneven centroids in −1 … 1.
  static func centroids(bits: Int) -> [Float] {
    let half = 1 << (bits - 1)
    let positive = (0..<half).map { i -> Float in
      let t = (Float(i) + 0.5) / Float(half)
      return t * (0.5 + 0.5 * t)
    }
    return positive.reversed().map { -$0 } + positive
  }

  static func boundaries(bits: Int) -> [Float] {
    let c = centroids(bits: bits)
    return zip(c, c.dropFirst()).map { ($0 + $1) / 2 }
  }

  static func codebook(bits: Int, hasGrid: Bool) -> KernelCodebook {
    let boundaries = boundaries(bits: bits)
    return KernelCodebook(
      bits: bits, centroids: centroids(bits: bits), boundaries: boundaries,
      grid: hasGrid ? LookupGrid(boundaries: boundaries) : nil)
  }

  /// A rotation of every kind of step.
  static func rotation(dimension d: Int, seed: UInt64) -> HadamardRotation {
    let n = 1 << (Int.bitWidth - 1 - d.leadingZeroBitCount)
    let pairs = d > n ? d - n : n / 2
    let steps: [HadamardRotation.Step] = [
      .hadamard(offset: d - n, count: n, scale: 0.25),
      .givens(offset: d - pairs, count: pairs, cosine: 0.28, sine: 0.96),
      .hadamard(offset: 0, count: n, scale: 0.3),
    ]
    return HadamardRotation(
      dimension: d, steps: steps,
      signs: steps.enumerated().map { bytes(($1.count + 7) / 8, seed: seed + UInt64($0)) })
  }
}

extension FloatBuffer {
  init(_ values: [Float]) {
    self.init(count: values.count)
    var target = mutableSpan
    for i in values.indices { target[i] = values[i] }
  }

  var bits: [UInt32] {
    let values = span
    return (0..<count).map { values[$0].bitPattern }
  }
}
