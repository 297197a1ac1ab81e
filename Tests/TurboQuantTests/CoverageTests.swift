import Foundation
import TestSupport
import Testing

@testable import TurboQuant

/// The truth lies within interval(2) as often as two deviations promise, at every cosine.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct CoverageTests {
  struct Kind: Sendable, CustomTestStringConvertible {
    let rate: Rate
    let quantizer: Quantizer
    var estimator: Estimator?
    var testDescription: String {
      "\(quantizer), \(rate)\(estimator.map { ", \($0.rawValue)" } ?? "")"
    }
  }

  static let kinds: [Kind] =
    (1...8).map { Kind(rate: .bits($0), quantizer: .scalar) }
    + [Kind(rate: Rate(halfBits: 5), quantizer: .scalar)]
    + (2...8).map { Kind(rate: .bits($0), quantizer: .twoStage()) }
    + [SketchKind.gaussian, .orthogonal, .structured].map {
      Kind(rate: .bits(1), quantizer: .qjl(sketch: $0))
    }
    + [
      Kind(rate: .bits(2), quantizer: .scalar, estimator: .reconstruction),
      Kind(rate: .bits(3), quantizer: .scalar, estimator: .matchedNorm),
      Kind(rate: .bits(4), quantizer: .twoStage(), estimator: .reconstruction),
      Kind(rate: .bits(4), quantizer: .polar(bits: [4, 2, 2, 2])),
      Kind(rate: .bits(4), quantizer: .polar(bits: [8, 8, 8])),
    ]

  @Test(arguments: kinds, [64, 384, 1536])
  func intervalsHoldTheTruth(_ kind: Kind, _ dimension: Int) throws {
    // A dense sketch of 1536 directions takes longer to make than all else here.
    if case .qjl(let sketch, _) = kind.quantizer, sketch != .structured, dimension > 384 { return }
    for (number, cosine) in coverageCosines.enumerated() {
      try holds(kind, dimension, cosine, .gaussian, seed: UInt64(1000 * number))
    }
  }

  /// Near neighbours of vectors that rotations find hard, whose difference is as hard.
  @Test(arguments: TestVector.allCases, [0.9, 0.999])
  func hostileNeighbours(_ input: TestVector, _ cosine: Double) throws {
    for bits in [1, 2, 4, 8] {
      try holds(Kind(rate: .bits(bits), quantizer: .scalar), 384, cosine, input, seed: 7)
    }
    try holds(Kind(rate: .bits(3), quantizer: .twoStage()), 384, cosine, input, seed: 7)
  }

  private func holds(
    _ kind: Kind, _ dimension: Int, _ cosine: Double, _ input: TestVector, seed: UInt64
  ) throws {
    var coverage = Coverage()
    // Neighbours of one vector share its error by one seed.
    let each = input == .gaussian ? 50 : 1
    let seeded = try Codec(dimension: dimension, rate: kind.rate, quantizer: kind.quantizer)
    var isCodesOwn = false
    for seed in seed..<seed + UInt64((coverageDraws + each - 1) / each) {
      let codec = try seeded.reseeded(with: seed)
      var random = RandomStream(seed: seed, purpose: .testData, number: 31)
      for _ in 0..<each {
        let x = input.draw(dimension, &random).map { 3 * $0 }
        let unit = normalized(x)
        let q = vector(atCosine: cosine, to: unit, &random).map { 0.2 * $0 }
        let estimate = try codec.estimate(
          codec.prepare(q.span), for: codec.encode(x.span)[0], by: kind.estimator)
        let (low, high) = estimate.interval(2)
        coverage.add(
          dot(x, q), low: low, high: high, score: estimate.value,
          standardError: estimate.standardError)
        let error = estimate.error
        // What the code's own part estimates is a residual's cosine in two stages, about 0 wherever x and q lie.
        let own = error.error.variance(at: error.offset == 0 ? cosine : 0).squareRoot()
        isCodesOwn = own * error.slope > 2 * error.rounding
      }
    }
    let isUnbiased: Bool
    switch kind.quantizer {
    case .polar: isUnbiased = false
    default: isUnbiased = kind.estimator == nil
    }
    let fault = coverage.fault(
      atLeast: isUnbiased && isCodesOwn && abs(cosine) < 1 ? Coverage.smallest : 0)
    let line = "\(kind.testDescription), d = \(dimension), cosine \(cosine), \(input): \(coverage)"
    print("coverage", line)
    #expect(fault == nil, "\(line), seeds from \(seed): \(fault ?? "")")
  }
}
