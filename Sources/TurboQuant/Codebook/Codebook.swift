package import TurboQuantKernels

/// A scalar codebook: 2ᵇ centroids and the decision boundaries between them.
///
/// It is the Lloyd–Max quantizer of a coordinate's law, solved in double precision with portable
/// arithmetic only. The centroids are rounded to float32 once, and the boundaries are midpoints of
/// the rounded centroids. The code of y is the number of boundaries ≤ y, so 0 belongs to the upper
/// half.
public struct Codebook: Sendable {
  /// The law that the codebook is optimal for.
  public let law: CoordinateLaw
  /// Bits per coordinate, 1 … 8.
  public let bits: Int
  /// The 2ᵇ centroids, ascending, before rounding to float32.
  public let exactCentroids: [Double]
  /// The 2ᵇ centroids, ascending.
  public let centroids: [Float]
  /// The 2ᵇ − 1 decision boundaries, ascending.
  public let boundaries: [Float]
  /// The expected squared error of a coordinate, divided by the coordinate's variance.
  ///
  /// For the sphere this is the distortion E‖û − ŷ‖² of a whole unit vector; TurboQuant, Theorem 1,
  /// bounds it by √3·π/2 · 4⁻ᵇ.
  public let distortion: Double

  package let kernel: KernelCodebook

  /// Solves the codebook of `bits` bits per coordinate for `law`.
  ///
  /// - Precondition: `bits` is in 1 … 8, and a sphere has 1 … 2²⁴ dimensions.
  /// - Complexity: O(2ᵇ) quadratures, a few milliseconds at 8 bits.
  public init(law: CoordinateLaw, bits: Int) {
    precondition((1...8).contains(bits), "a codebook has 1 … 8 bits, not \(bits)")
    if case .sphere(let dimension) = law {
      precondition(
        (1...CodecError.largestDimension).contains(dimension), "a sphere of \(dimension) dimensions"
      )
    }
    self.law = law
    self.bits = bits
    if case .sphere(let dimension) = law, dimension <= 1 {
      // A unit vector of one coordinate is +1 or −1: a uniform grid with both ends is exact.
      let last = Double((1 << bits) - 1)
      exactCentroids = (0..<1 << bits).map { 2 * Double($0) / last - 1 }
      distortion = 0
    } else {
      let positive = LloydMax.centroids(of: law, count: 1 << (bits - 1))
      exactCentroids = positive.reversed().map { -$0 } + positive
      distortion = LloydMax.distortion(of: law, positiveCentroids: positive)
    }
    centroids = exactCentroids.map { Float($0) }
    boundaries = zip(centroids, centroids.dropFirst()).map { ($0 + $1) * 0.5 }
    kernel = KernelCodebook(
      bits: bits, centroids: centroids, boundaries: boundaries,
      grid: LookupGrid(boundaries: boundaries))
  }
}
