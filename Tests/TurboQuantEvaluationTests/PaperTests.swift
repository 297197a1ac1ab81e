import Testing
import TurboQuant

@testable import TurboQuantEvaluation

@Suite("What the papers' measurements are made of")
struct PaperTests {
  @Test("Pairs have the cosine asked for", arguments: [0.0, 0.5, 1])
  func pairs(cosine: Double) throws {
    // Eight bits of codes are within a hundredth of the truth.
    let codec = try Codec(dimension: 64, rate: .bits(8))
    let pairs = UnitPairs(50, dimension: 64, cosine: cosine, seed: 3)
    for estimate in try pairs.estimates(codec, .renormalized) {
      #expect(abs(estimate - cosine) < 0.01)
    }
  }

  @Test("A histogram counts every error once")
  func histogram() {
    let histogram = ProductRow.Histogram([-1, -0.5, 0, 0.5, 1, 100])
    #expect(histogram.counts.reduce(0, +) == 6)
    #expect(histogram.counts.count == 60 && abs(histogram.first + 30 * histogram.width) < 1e-9)
    #expect(ProductRow.Histogram([0, 0]).counts[30] == 2)
  }

  @Test("What is left of an error without its bias")
  func variance() {
    var agreement = Agreement()
    for (truth, noise) in [(1.0, 0.1), (2.0, -0.1), (-1.0, 0.1), (-2.0, -0.1)] {
      agreement.addPair(estimate: 0.5 * truth + 0.5 * noise, truth: truth, scale: 1)
    }
    // The noise, ±.1, has nothing to do with the truth.
    #expect(abs(agreement.slope - 0.5) < 1e-12)
    #expect(abs(agreement.varianceOverSlope - 0.01) < 1e-12)
  }
}
