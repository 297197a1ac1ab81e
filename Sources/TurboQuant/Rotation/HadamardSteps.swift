internal import TurboQuantKernels

/// The steps of a randomized Hadamard rotation of any dimension above 64.
///
/// Let n be the largest power of two ≤ d and r = d − n. A is the leading n coordinates, C the
/// remaining r. The steps, each with fresh random signs, are:
///
///     T  Hadamard on the trailing n coordinates          (left out when d = n)
///     L  Hadamard on the leading n coordinates, A
///     G  plane rotations of the pairs (A_i, C_i), i < r   (A_i, A_{i+n/2} when d = n)
///     L, T, G, L
///
/// After T the energy of a unit vector e_i is spread evenly over C, after L evenly over A. G with
/// sin² = n/d then moves energy so that every coordinate of C holds exactly 1/d of it, in
/// expectation over the signs and wherever the energy began. The following L spreads the rest
/// evenly over A. Each later step keeps the energies even and brings the coordinates' joint law
/// closer to the sphere's. Blocks that barely overlap (24 coordinates at d = 1000) mix as well as
/// any others. Hadamard steps alone do not achieve this; Documentation/Numerics.md has the
/// measurements.
///
/// When d = n the energies are even after the first L. G then turns by an angle whose sine and
/// cosine are irrational, which keeps sums of signs off a lattice that 8-bit cells would resolve.
enum HadamardSteps {
  /// The number of times that vectors are mixed from end to end; part of the codec's fingerprint.
  static let rounds: UInt8 = 3

  static func rotation(dimension d: Int, from stream: inout RandomStream) -> HadamardRotation {
    let steps = steps(dimension: d)
    return HadamardRotation(
      dimension: d, steps: steps, signs: steps.map { stream.nextBits($0.count) })
  }

  static func steps(dimension d: Int) -> [HadamardRotation.Step] {
    precondition(d > 64, "a randomized Hadamard rotation needs more than 64 dimensions")
    let n = 1 << (Int.bitWidth - 1 - d.leadingZeroBitCount)
    let scale = Float(1 / squareRoot(Double(n)))
    let leading = HadamardRotation.Step.hadamard(offset: 0, count: n, scale: scale)
    guard d > n else {
      // tan² is the golden ratio, which rationals approximate as badly as any number.
      let golden = (1 + squareRoot(5)) / 2
      let plane = givens(offset: n / 2, count: n / 2, sineSquared: golden / (1 + golden))
      return [leading, plane, leading, plane, leading]
    }
    let trailing = HadamardRotation.Step.hadamard(offset: d - n, count: n, scale: scale)
    let plane = givens(offset: n, count: d - n, sineSquared: Double(n) / Double(d))
    return [trailing, leading, plane, leading, trailing, plane, leading]
  }

  private static func givens(offset: Int, count: Int, sineSquared: Double) -> HadamardRotation.Step
  {
    .givens(
      offset: offset, count: count, cosine: Float(squareRoot(1 - sineSquared)),
      sine: Float(squareRoot(sineSquared)))
  }
}
