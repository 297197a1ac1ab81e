import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

/// Sparse, flat and repetitive inputs must look to the quantizer as they would after a Haar
/// rotation: the same mean distortion, and no larger a spread over seeds.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct HostileInputTests {
  static let dimensions =
    Array(1...33) + [48, 64, 80, 100, 128, 200, 768, 1000, 1032, 1536]
  static let inputs: [TestVector] = [
    .oneHot, .constant, .plusMinusOne, .fourSparse, .pair, .twoValued,
  ]

  /// Haar's own mean and spread come from uniform random directions, which is what it produces.
  ///
  /// The mean is held at every width, the spread up to 4 bits. Above, a rare coordinate beyond the
  /// outermost cell decides the spread of 3,000 draws: at d ≤ 64, where the rotation is Haar's own,
  /// two runs of it differ by up to 1.8 at 5 bits and 9.6 at 8.
  ///
  /// Margins: 2% and a factor 1.2, plus 4 standard errors of the means, and of the deviations'
  /// ratio (relative standard error of a deviation from n draws: √((κ − 1)/4n), κ the measured
  /// kurtosis, taken as at most 5).
  @Test(arguments: dimensions) func looksLikeHaar(_ dimension: Int) throws {
    let seeds = draws(dimension <= 64 ? 3000 : 2000)
    let quantizers = try (1...8).map {
      try ScalarQuantizer(dimension: dimension, rate: .bits($0))
    }
    var haar = [Statistics](repeating: Statistics(), count: quantizers.count)
    var rotated = Self.inputs.map { _ in haar }
    var meter = try DistortionMeter(dimension, quantizers)
    for seed in 0..<seeds {
      var random = RandomStream(seed: UInt64(seed), purpose: .testData, number: 7)
      let uniform = TestVector.gaussian.draw(dimension, &random)
      let rotation = try Rotation(dimension: dimension, seed: UInt64(seed))
      for (i, value) in meter.distortions(of: uniform, nil).enumerated() { haar[i].add(value) }
      for (k, input) in Self.inputs.enumerated() {
        let x = input.draw(dimension, &random)
        for (i, value) in meter.distortions(of: x, rotation).enumerated() {
          rotated[k][i].add(value)
        }
      }
    }
    let deviationError = (4.0 / (4 * Double(seeds)) * 2).squareRoot()
    for (k, input) in Self.inputs.enumerated() {
      for (i, quantizer) in quantizers.enumerated() {
        let (found, expected) = (rotated[k][i], haar[i])
        let error =
          (found.standardError * found.standardError
          + expected.standardError * expected.standardError).squareRoot()
        let ratio = expected.deviation > 1e-6 ? found.deviation / expected.deviation : 1
        print(
          "hostile d = \(dimension), \(input.rawValue), b = \(quantizer.rate): mean/Haar − 1 =",
          expected.mean > 1e-12 ? percent(found.mean / expected.mean - 1, 2) : "0",
          "± \(percent(error / max(expected.mean, 1e-12), 2)), spread/Haar = \(ratio)")
        #expect(abs(found.mean - expected.mean) <= 0.02 * expected.mean + 4 * error + 1e-12)
        if quantizer.rate.bitsPerCoordinate <= 4 {
          #expect(ratio <= 1.2 * (1 + 4 * deviationError))
        }
      }
    }
  }
}
