import Foundation
import TestSupport
import Testing

@testable import TurboQuant

/// Unbiasedness, variance and honest error bars of the estimators, over seeds.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct EstimatorTests {
  /// Estimates of ⟨x, q⟩ for pairs of unit vectors at one cosine, `pairs` of them a seed.
  ///
  /// Pairs of one seed share rotation and sketch, so each seed counts as one observation. `body`
  /// gets one seed's estimates and truths.
  static func forEachSeed(
    _ codec: Codec, cosine: Double, seeds: Int, pairs: Int, by estimator: Estimator,
    input: TestVector = .gaussian, _ body: ([Estimate], [Double]) -> Void
  ) throws {
    let d = codec.dimension
    for seed in 0..<draws(seeds) {
      let seeded = try codec.reseeded(with: UInt64(seed))
      var random = RandomStream(seed: UInt64(seed), purpose: .testData, number: 3)
      var estimates: [Estimate] = []
      var truths: [Double] = []
      for _ in 0..<pairs {
        let x = input.draw(d, &random)
        let q = vector(atCosine: cosine, to: x, &random)
        let codes = try seeded.encode(x.span)
        estimates.append(
          try seeded.estimate(seeded.prepare(q.span), for: codes[0], by: estimator))
        truths.append(dot(x, q))
      }
      body(estimates, truths)
    }
  }

  // MARK: Slope

  struct SlopeCase: Sendable, CustomTestStringConvertible {
    let quantizer: Quantizer
    let bits: Int
    let estimator: Estimator
    let seeds: Int
    var testDescription: String { "\(quantizer) at \(bits) bits, \(estimator.rawValue)" }
  }

  static let unbiased: [SlopeCase] =
    [(1, 440), (2, 160), (3, 60), (4, 40)].map {
      SlopeCase(quantizer: .scalar, bits: $0.0, estimator: .renormalized, seeds: $0.1)
    }
    + [SketchKind.gaussian, .orthogonal].flatMap { kind in
      [(1, 1100), (2, 440), (3, 200), (4, 100)].map { bits, seeds in
        SlopeCase(
          quantizer: bits == 1 ? .qjl(sketch: kind) : .twoStage(sketch: kind), bits: bits,
          estimator: .twoStage, seeds: seeds)
      }
    }

  static let biased = (1...3).map {
    SlopeCase(quantizer: .scalar, bits: $0, estimator: .reconstruction, seeds: 440)
  }

  static let dimension = 128
  static let pairs = 300

  /// The slope of estimate on truth and its standard error over seeds.
  static func slope(_ test: SlopeCase, cosine: Double, dimension: Int = dimension) throws
    -> Statistics
  {
    let codec = try Codec(
      dimension: dimension, rate: .bits(test.bits), quantizer: test.quantizer)
    var slope = Statistics()
    // The slope's error falls as 1/cosine.
    let seeds = max(60, Int(Double(test.seeds) * 0.01 / (cosine * cosine)))
    try forEachSeed(
      codec, cosine: cosine, seeds: seeds, pairs: pairs, by: test.estimator
    ) { estimates, truths in
      let products = zip(estimates, truths).reduce(0) { $0 + $1.0.value * $1.1 }
      slope.add(products / truths.reduce(0) { $0 + $1 * $1 })
    }
    return slope
  }

  /// 1 within 4 SE, SE ≤ 0.2%.
  @Test(arguments: unbiased, [0.1, 0.5, 0.9, 1])
  func isUnbiased(_ test: SlopeCase, cosine: Double) throws {
    let slope = try Self.slope(test, cosine: cosine)
    print(
      "slope \(test.testDescription), cosine \(cosine):", percent(slope.mean - 1), "±",
      percent(slope.standardError))
    // At cosine 1 the renormalized estimate is exact up to float32 rounding.
    #expect(abs(slope.mean - 1) <= 4 * slope.standardError + 2e-6)
    if isOptimizedBuild { #expect(slope.standardError <= 0.002) }
  }

  /// The same test rejects reconstruction, whose slope is 1 − D.
  @Test(arguments: biased, [0.1, 0.5, 0.9, 1])
  func rejectsReconstruction(_ test: SlopeCase, cosine: Double) throws {
    let slope = try Self.slope(test, cosine: cosine)
    let expected = 1 - (try #require(Reference.distortion(Self.dimension, "\(test.bits)")))
    print("slope \(test.testDescription), cosine \(cosine):", percent(slope.mean - 1))
    #expect(abs(slope.mean - 1) > 4 * slope.standardError)
    #expect(abs(slope.mean - expected) <= 4 * slope.standardError + 0.001)
  }

  /// The structured J is only approximately unbiased: reports by how much, and that it is less than
  /// the standard error of a single estimate by an order of magnitude.
  @Test(arguments: [128, 384, 1536], [0.5, 0.9])
  func structuredSketchBias(dimension: Int, cosine: Double) throws {
    for bits in [1, 2, 4] {
      let test = SlopeCase(
        quantizer: bits == 1 ? .qjl() : .twoStage(), bits: bits, estimator: .twoStage, seeds: 1000)
      let slope = try Self.slope(test, cosine: cosine, dimension: dimension)
      print(
        "structured sketch d = \(dimension), \(bits) bits, cosine \(cosine): slope − 1 =",
        percent(slope.mean - 1), "±", percent(slope.standardError))
      let single = (0.571 * pow(0.25, Double(bits - 1)) / Double(dimension)).squareRoot() / cosine
      #expect(abs(slope.mean - 1) <= 0.1 * single + 4 * slope.standardError)
    }
  }

  // MARK: Variance

  struct VarianceCase: Sendable, CustomTestStringConvertible {
    let quantizer: Quantizer
    let bits: Int
    let cosine: Double
    /// Variance times d, for unit vectors.
    let expected: Double
    var testDescription: String { "\(quantizer) at \(bits) bits, cosine \(cosine)" }
  }

  static func gaussianQJL(_ rho: Double) -> Double { .pi / 2 - rho * rho }
  static func orthogonalQJL(_ rho: Double) -> Double {
    (1 - rho * rho) * (.pi / 2 - 1) + rho * rho * (.pi / 2 - 1.5)
  }

  /// The large-d values of FACTS: D/(1 − D) for the unbiased scale, (π/2)·D and (π/2 − 1)·D of one
  /// bit less for two stages, and QJL's two formulas.
  static let varianceCases: [VarianceCase] =
    [(1, 0.571), (2, 0.133), (3, 0.0358), (4, 0.0096)].flatMap { bits, value in
      [0, 0.5].map {
        VarianceCase(
          quantizer: .scalar, bits: bits, cosine: $0, expected: value * (1 - $0 * $0))
      }
    }
    + [(2, 0.571), (3, 0.185), (4, 0.0543)].map {
      VarianceCase(
        quantizer: .twoStage(sketch: .gaussian), bits: $0.0, cosine: 0, expected: $0.1)
    }
    + [(2, 0.207), (3, 0.067), (4, 0.0197)].map {
      VarianceCase(
        quantizer: .twoStage(sketch: .orthogonal), bits: $0.0, cosine: 0, expected: $0.1)
    }
    + [0, 0.5, 0.9].flatMap {
      [
        VarianceCase(
          quantizer: .qjl(sketch: .gaussian), bits: 1, cosine: $0, expected: gaussianQJL($0)),
        VarianceCase(
          quantizer: .qjl(sketch: .orthogonal), bits: 1, cosine: $0, expected: orthogonalQJL($0)),
      ]
    }

  /// Within 5% of the published constant, from at least 20,000 draws clustered by seed.
  @Test(arguments: varianceCases) func varianceMeetsTheory(_ test: VarianceCase) throws {
    let d = 256
    let codec = try Codec(dimension: d, rate: .bits(test.bits), quantizer: test.quantizer)
    var variance = Statistics()
    try Self.forEachSeed(
      codec, cosine: test.cosine, seeds: 200, pairs: 150, by: codec.standardEstimator
    ) { estimates, truths in
      let squares = zip(estimates, truths).reduce(0) {
        $0 + ($1.0.value - $1.1) * ($1.0.value - $1.1)
      }
      variance.add(squares / Double(truths.count) * Double(d))
    }
    let ratio = variance.mean / test.expected
    print(
      "variance \(test.testDescription): \(variance.mean), expected \(test.expected),",
      "ratio − 1 =",
      percent(ratio - 1, 2), "±", percent(variance.standardError / test.expected, 2))
    let slack = isOptimizedBuild ? 0 : 4 * variance.standardError / test.expected
    #expect(abs(ratio - 1) <= 0.05 + slack)
  }

  // MARK: Error bars

  static let honest: [(quantizer: Quantizer, bits: Int)] = [
    (.scalar, 1), (.scalar, 2), (.scalar, 4), (.twoStage(sketch: .gaussian), 3),
    (.twoStage(sketch: .orthogonal), 3), (.twoStage(), 3), (.qjl(), 1),
  ]

  /// The truth from the middle of interval(1), in units of its half: deviation in [0.97, 1.03]; outside interval(2) in
  /// 4 … 5.1% (4.55% for a normal law), for every class of input.
  @Test(arguments: TestVector.allCases) func standardErrorsAreHonest(_ input: TestVector) throws {
    for (quantizer, bits) in Self.honest {
      let codec = try Codec(dimension: 384, rate: .bits(bits), quantizer: quantizer)
      var z = Statistics()
      var beyond = Statistics()
      try Self.forEachSeed(
        codec, cosine: 0.3, seeds: 160, pairs: 125, by: codec.standardEstimator, input: input
      ) { estimates, truths in
        for (estimate, truth) in zip(estimates, truths) {
          let (low, high) = estimate.interval(1)
          z.add((truth - (low + high) / 2) / ((high - low) / 2))
          let two = estimate.interval(2)
          beyond.add(truth < two.low || truth > two.high ? 1 : 0)
        }
      }
      print(
        "error bars \(input), \(quantizer) \(bits) bits: deviation \(z.deviation), beyond 2 SE",
        percent(beyond.mean, 2))
      let slack = isOptimizedBuild ? 0 : 4 / (2 * Double(z.count)).squareRoot()
      #expect(abs(z.deviation - 1) <= 0.03 + slack)
      #expect(beyond.mean >= 0.04 - slack && beyond.mean <= 0.051 + slack)
    }
  }
}
