import Foundation
import TestSupport
import Testing

@testable import TurboQuant

/// PolarQuant's distortion, angles and error bars, over seeds.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct PolarStatisticsTests {
  /// |measured/D − 1| ≤ 1%, a quarter of which is the most that the standard error over seeds may be.
  ///
  /// Radii are rounded by at most 2⁻¹² of their size and so add less than 2⁻²⁴ = 6e−8.
  @Test(arguments: [TestVector.gaussian, .oneHot, .walshRow])
  func distortionMeetsTheory(_ input: TestVector) throws {
    for codec in try #require(PolarTests.reference).codecs {
      let polar = try Codec(
        dimension: codec.dimension, rate: .bits(4), quantizer: .polar(bits: codec.bits))
      var mean = Statistics()
      for seed in 0..<UInt64(240_000 / codec.dimension) {
        let seeded = try polar.reseeded(with: seed)
        var random = RandomStream(seed: seed, purpose: .testData, number: 21)
        var own = 0.0
        for _ in 0..<8 {
          let x = input.draw(codec.dimension, &random)
          let decoded = try seeded.decode(seeded.encode(x.span))
          own += zip(x, decoded).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) } / 8
        }
        mean.add(own)
      }
      print(
        "polar distortion d = \(codec.dimension), \(codec.bits), \(input): D = \(codec.distortion),",
        "measured/D − 1 =", percent(mean.mean / codec.distortion - 1), "±",
        percent(mean.standardError / codec.distortion))
      #expect(abs(mean.mean / codec.distortion - 1) <= 0.01)
      #expect(mean.standardError / codec.distortion <= 0.0025)
    }
  }

  /// 10⁵ angles of each level of rotated vectors, against the laws; p > 10⁻⁴ by Kolmogorov's law.
  @Test(arguments: 0..<5) func anglesFollowTheirLaws(seed: UInt64) throws {
    for (d, input) in [(128, TestVector.gaussian), (128, .oneHot), (200, .walshRow)] {
      let transform = try PolarTransform(dimension: d)
      var angles: [[Double]] = [[], [], [], []]
      var random = RandomStream(seed: seed, purpose: .testData, number: 22)
      for number in UInt64(0)... {
        guard angles[3].count < 100_000 else { break }
        let rotation = try Rotation(dimension: d, seed: seed << 32 | number)
        let x = input.draw(d, &random)
        let rotated = try rotation.apply(to: x.span)
        let polar = try transform.coordinates(of: rotated.span)
        for level in 0..<4 { angles[level] += polar.angles[level].prefix(d / 16).map(Double.init) }
      }
      for level in 0..<4 {
        let p = KolmogorovSmirnov.probability(
          of: angles[level].prefix(100_000), transform.law(ofAngle: 0, atLevel: level + 1))
        print("angles of level \(level + 1), d = \(d), \(input), seed \(seed): p =", p)
        #expect(p > 1e-4, "seed \(seed)")
      }
    }
  }

  @Test("Without the rotation one coordinate's angles are rejected") func rejectsUnrotated() throws
  {
    let transform = try PolarTransform(dimension: 128)
    var random = RandomStream(seed: 3, purpose: .testData, number: 23)
    var angles: [[Double]] = [[], [], [], []]
    while angles[3].count < 1000 {
      let x = TestVector.oneHot.draw(128, &random)
      let polar = try transform.coordinates(of: x.span)
      for level in 0..<4 { angles[level] += polar.angles[level].map(Double.init) }
    }
    for level in 0..<4 {
      let law = transform.law(ofAngle: 0, atLevel: level + 1)
      #expect(KolmogorovSmirnov.probability(of: angles[level].prefix(1000), law) < 1e-12)
    }
  }

  /// How far the truth lies from the middle of interval(1), in units of its half.
  ///
  /// The root of the second moment is 1 within 3%, as for the other quantizers. The reconstruction is shrunk; the
  /// interval is not.
  @Test(arguments: [TestVector.gaussian, .oneHot, .walshRow])
  func standardErrorsAreHonest(_ input: TestVector) throws {
    for cosine in [0.0, 0.3, 0.9] {
      let codec = try Codec(dimension: 384, rate: .bits(4), quantizer: .polar())
      var squares = Statistics()
      try EstimatorTests.forEachSeed(
        codec, cosine: cosine, seeds: 400, pairs: 50, by: .reconstruction, input: input
      ) { estimates, truths in
        for (estimate, truth) in zip(estimates, truths) {
          let (low, high) = estimate.interval(1)
          squares.add(pow((truth - (low + high) / 2) / ((high - low) / 2), 2))
        }
      }
      print("polar error bars, cosine \(cosine), \(input): deviation", squares.mean.squareRoot())
      #expect(abs(squares.mean.squareRoot() - 1) <= 0.03)
    }
  }

  /// The slope of the reconstruction is 1 − D/2.
  @Test func slopeIsTheAlignment() throws {
    let codec = try Codec(dimension: 128, rate: .bits(4), quantizer: .polar())
    let expected = try #require(codec.polarQuantizer).expectedAlignment
    var slope = Statistics()
    try EstimatorTests.forEachSeed(
      codec, cosine: 0.9, seeds: 400, pairs: 50, by: .reconstruction
    ) { estimates, truths in
      let products = zip(estimates, truths).reduce(0) { $0 + $1.0.value * $1.1 }
      slope.add(products / truths.reduce(0) { $0 + $1 * $1 })
    }
    print("polar slope:", slope.mean, "±", slope.standardError, "expected", expected)
    #expect(abs(slope.mean - expected) <= 4 * slope.standardError + 1e-6)
  }
}

/// The Kolmogorov–Smirnov test of angles against their law.
enum KolmogorovSmirnov {
  /// The probability of so large a distance between the angles' distribution and the law's, if the law holds.
  static func probability(of angles: some Sequence<Double>, _ law: AngleLaw) -> Double {
    let sorted = angles.sorted()
    let count = Double(sorted.count)
    var distance = 0.0
    for (i, angle) in sorted.enumerated() {
      let below = cumulative(angle, law)
      distance = max(distance, Double(i + 1) / count - below, below - Double(i) / count)
    }
    // Kolmogorov's series, with Stephens' correction for finite counts.
    let root = count.squareRoot()
    let lambda = (root + 0.12 + 0.11 / root) * distance
    guard lambda > 0.2 else { return 1 }
    let sum = (1...100).reduce(0.0) { sum, k in
      let term = exp(-2 * Double(k * k) * lambda * lambda)
      return sum + (k % 2 == 1 ? term : -term)
    }
    return min(1, max(0, 2 * sum))
  }

  /// P(ψ ≤ angle) of equal halves: uniform on the circle; else an elementary integral, ∝ ∫ sin^m 2ψ, m odd.
  private static func cumulative(_ angle: Double, _ law: AngleLaw) -> Double {
    guard law.first > 1 else { return angle / (2 * .pi) }
    // With u = cos 2ψ from 1 down to −1 the density is ∝ (1 − u²)^k, k = first/2 − 1 … a polynomial.
    let k = law.first / 2 - 1
    func antiderivative(_ u: Double) -> Double {
      var (sum, binomial) = (0.0, 1.0)
      for j in 0...k {
        sum += binomial * pow(u, Double(2 * j + 1)) / Double(2 * j + 1)
        binomial *= -Double(k - j) / Double(j + 1)
      }
      return sum
    }
    let whole = antiderivative(1) - antiderivative(-1)
    return (antiderivative(1) - antiderivative(cos(2 * angle))) / whole
  }
}
