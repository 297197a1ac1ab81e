import Foundation
import TestSupport
import Testing

@testable import TurboQuant

/// QJL with more directions than coordinates, its two variances and its tail bound, over seeds.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct SketchTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let kind: SketchKind
    let dimension: Int
    let directions: Int
    let cosine: Double
    var testDescription: String {
      "\(kind), \(directions) directions in \(dimension) dimensions, cosine \(cosine)"
    }

    /// Calls `body` with estimates of the inner product of unit vectors, one list a seed.
    func forEachSeed(_ seeds: Int, pairs: Int, _ body: ([Estimate]) -> Void) throws {
      let codec = try Codec(
        dimension: dimension, rate: .bits(1),
        quantizer: .qjl(sketch: kind, directions: directions))
      try EstimatorTests.forEachSeed(
        codec, cosine: cosine, seeds: seeds, pairs: pairs, by: .twoStage
      ) { estimates, _ in body(estimates) }
    }
  }

  /// Fewer directions than coordinates, as many, whole blocks more, and a last block that is not whole.
  static let cases = [SketchKind.gaussian, .orthogonal].flatMap { kind in
    [64, 128, 256, 320].flatMap { directions in
      [0.1, 0.5, 0.9, 1].map {
        Case(kind: kind, dimension: 128, directions: directions, cosine: $0)
      }
    }
  }

  /// FACTS: m · Var = π/2 − ρ² for iid rows; (1 − ρ²)(π/2 − k/d) + ρ²(π/2 − 1 − k/2d) + O(1/d) for k ≤ d
  /// orthogonal rows, blocks being independent.
  static func variance(_ test: Case) -> Double {
    let (square, m) = (test.cosine * test.cosine, Double(test.directions))
    guard test.kind == .orthogonal else { return (Double.pi / 2 - square) / m }
    return stride(from: 0, to: test.directions, by: test.dimension).reduce(0.0) { sum, start in
      let k = Double(min(test.dimension, test.directions - start))
      let fill = k / Double(test.dimension)
      let along = square * (Double.pi / 2 - 1 - fill / 2)
      return sum + k / m * ((1 - square) * (Double.pi / 2 - fill) + along) / m
    }
  }

  /// The slope is 1 within 4 SE, the variance the formula's within 5%, of which its own SE is a quarter at most.
  @Test(arguments: cases) func slopeAndVariance(_ test: Case) throws {
    var (slope, variance) = (Statistics(), Statistics())
    try test.forEachSeed(250, pairs: 100) { estimates in
      let count = Double(estimates.count)
      slope.add(estimates.reduce(0) { $0 + $1.value } / count / test.cosine)
      variance.add(estimates.reduce(0) { $0 + pow($1.value - test.cosine, 2) } / count)
    }
    let expected = Self.variance(test)
    print(
      "qjl \(test.testDescription): slope − 1 =", percent(slope.mean - 1), "±",
      percent(slope.standardError), "variance/formula − 1 =",
      percent(variance.mean / expected - 1, 2), "±", percent(variance.standardError / expected, 2))
    #expect(abs(slope.mean - 1) <= 4 * slope.standardError)
    #expect(abs(variance.mean / expected - 1) <= 0.05)
    #expect(variance.standardError <= 0.0125 * expected)
  }

  @Test("Errors beyond ε are no more frequent than the bound", arguments: [0.2, 0.4, 0.8])
  func tails(epsilon: Double) throws {
    for (kind, cosine) in [(SketchKind.gaussian, 0.0), (.gaussian, 0.5), (.orthogonal, 0.0)] {
      for directions in [32, 128] {
        let test = Case(kind: kind, dimension: 64, directions: directions, cosine: cosine)
        var beyond = Statistics()
        try test.forEachSeed(150, pairs: 100) { estimates in
          let count = estimates.count { abs($0.value - cosine) > epsilon }
          beyond.add(Double(count) / Double(estimates.count))
        }
        let bound = ResidualSketch.tailBound(epsilon: epsilon, directions: directions)
        print("qjl \(test.testDescription): beyond \(epsilon)", beyond.mean, "bound", bound)
        #expect(beyond.mean <= bound + 4 * beyond.standardError)
      }
    }
  }

  @Test("The number of directions is the least that meets the bound") func directions() {
    for (epsilon, delta) in [(0.1, 0.01), (0.5, 1e-6), (0.8, 0.5)] {
      let m = ResidualSketch.directions(epsilon: epsilon, delta: delta)
      #expect(ResidualSketch.tailBound(epsilon: epsilon, directions: m) <= delta * (1 + 1e-12))
      #expect(ResidualSketch.tailBound(epsilon: epsilon, directions: m - 1) > delta)
    }
  }
}
