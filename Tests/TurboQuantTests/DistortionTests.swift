import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

/// The distortion of stage 1 against theory computed outside the package, for inputs that a weak
/// rotation would betray.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct DistortionTests {
  static let rates: [Rate] =
    (1...8).map { .bits($0) } + [2.5, 3.5].compactMap { Rate(bitsPerCoordinate: $0) }

  static let inputs: [TestVector] = [.gaussian, .oneHot, .walshRow]

  /// Draws of one seed that share a rotation; their mean counts as one observation.
  static let vectorsPerSeed = 8

  /// Seeds that bring the standard error at 8 bits, whose rare overloads decide it, to 0.25%.
  static let cases = [(64, 45000), (128, 22000), (384, 14000), (1536, 3500)]

  /// |measured − D| ≤ 0.1% D + 4 SE: the margin for float32 centroids and the structured rotation,
  /// and the sampling error over independent seeds.
  @Test(arguments: cases) func meetsTheory(dimension: Int, seeds: Int) throws {
    let quantizers = try Self.rates.map { try ScalarQuantizer(dimension: dimension, rate: $0) }
    var meter = try DistortionMeter(dimension, quantizers)
    var statistics = Self.inputs.map { _ in quantizers.map { _ in Statistics() } }
    for seed in 0..<draws(seeds) {
      var random = RandomStream(seed: UInt64(seed), purpose: .testData)
      let rotation = try Rotation(dimension: dimension, seed: UInt64(seed))
      for (k, input) in Self.inputs.enumerated() {
        var sums = quantizers.map { _ in 0.0 }
        for _ in 0..<Self.vectorsPerSeed {
          let x = input.draw(dimension, &random)
          for (i, value) in meter.distortions(of: x, rotation).enumerated() { sums[i] += value }
        }
        for i in sums.indices { statistics[k][i].add(sums[i] / Double(Self.vectorsPerSeed)) }
      }
    }
    for (k, input) in Self.inputs.enumerated() {
      for (i, rate) in Self.rates.enumerated() {
        let theory = try #require(Reference.distortion(dimension, "\(rate)"))
        let (mean, error) = (statistics[k][i].mean, statistics[k][i].standardError)
        print(
          "distortion d = \(dimension), \(input), b = \(rate): D = \(theory), measured/D − 1 =",
          percent(mean / theory - 1), "± \(percent(error / theory))")
        #expect(abs(mean - theory) <= 0.001 * theory + 4 * error, "seeds 0 ..< \(draws(seeds))")
        if isOptimizedBuild { #expect(error <= 0.0025 * theory) }
      }
    }
  }
}

/// Measures ‖û − ŷ‖² for several quantizers at once, without packing the codes.
struct DistortionMeter: ~Copyable {
  private let kernels: Kernels
  private let quantizers: [ScalarQuantizer]
  private var work: Workspace
  private let longestRow: Int

  init(_ dimension: Int, _ quantizers: [ScalarQuantizer]) throws {
    kernels = try Kernels.current()
    self.quantizers = quantizers
    work = Workspace(dimension: dimension)
    longestRow = quantizers.map(\.byteCount).max() ?? 0
  }

  /// One distortion a quantizer; a nil rotation leaves the vector as it is.
  mutating func distortions(of x: [Float], _ rotation: Rotation?) -> [Double] {
    guard case .finite(_, let inverse) = kernels.normalize(x.span, into: &work.front) else {
      return quantizers.map { _ in .nan }
    }
    rotation?.rotate(kernels, &work)
    var distortions: [Double] = []
    var codes = [UInt8](repeating: 0, count: longestRow)
    for quantizer in quantizers {
      var target = codes.mutableSpan
      _ = quantizer.quantize(
        kernels, &work, scale: inverse, into: &target, at: 0, keepsResidual: true)
      distortions.append(Double(kernels.sumOfSquares(work.back, count: x.count)))
    }
    return distortions
  }
}
