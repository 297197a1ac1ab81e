import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantTheory

/// The seven results: formulas against numbers from scipy 1.17, measurements against formulas, and
/// proof that a wrong formula would be noticed.
@Suite struct TheoryTests {
  /// Full effort only where it is quick; the standard errors are then below 1%.
  static let results: [TheoryResult] = {
    let theory = Theory(seed: 0, effort: isOptimizedBuild ? 1 : 0.01)
    return (1...7).compactMap { try? theory.result($0) }
  }()

  @Test(arguments: 1...7) func measurementsAgree(_ number: Int) throws {
    try #require(Self.results.count == 7)
    let result = Self.results[number - 1]
    #expect(result.number == number)
    for row in result.comparisons {
      #expect(
        row.agrees,
        "\(row.quantity): predicted \(row.predicted), measured \(row.measured) ± \(row.standardError)"
      )
      // A row that agrees and is sharp is within 4% of its prediction.
      if isOptimizedBuild { #expect(row.isSharp, "\(row.quantity): ± \(row.standardError)") }
    }
  }

  @Test func anotherSeedMeasuresAnew() throws {
    let first = try Theory(seed: 1, effort: 0.01).result(2)
    let again = try Theory(seed: 1, effort: 0.01).result(2)
    let other = try Theory(seed: 2, effort: 0.01).result(2)
    #expect(first == again)
    #expect(first.comparisons.map(\.predicted) == other.comparisons.map(\.predicted))
    #expect(first.comparisons.map(\.measured) != other.comparisons.map(\.measured))
  }

  struct Planted: Sendable, CustomTestStringConvertible {
    let result: Int
    let quantity: String
    let wrong: Double
    let why: String
    var testDescription: String { why }
  }

  static let planted = [
    Planted(result: 1, quantity: "P(|⟨u, v⟩| ≥ 2/√d), d = 384", wrong: 0.02275, why: "one tail"),
    Planted(result: 2, quantity: "E (√d t)⁴ after rotation", wrong: 384, why: "no rotation"),
    Planted(
      result: 2, quantity: "E |√d t| after rotation", wrong: 0.8862,
      why: "√(π/4), the mean length in the plane"),
    Planted(
      result: 3, quantity: "D of the codec, d = 384, 3 bits", wrong: 0.03, why: "printed, cut off"),
    Planted(
      result: 3, quantity: "D of the codec, d = 384, 4 bits", wrong: 0.009, why: "printed, cut off"),
    Planted(
      result: 3, quantity: "D of the codec, d = 384, 2 bits", wrong: 0.17004,
      why: "the limit of many bits, √3π/2 · 4⁻ᵇ"),
    Planted(
      result: 3, quantity: "D · 4ᴴ of uniform cells of σ/2, entropy-coded", wrong: 1.42329,
      why: "the limit of small cells, πe/6"),
    Planted(
      result: 4, quantity: "P(|‖Jx‖²/k‖x‖² − 1| ≥ 0.25), k = 64", wrong: 0.86939,
      why: "the bound instead of the law"),
    Planted(result: 5, quantity: "P(signs differ), cosine 0.9", wrong: 0.05, why: "(1 − ρ)/2"),
    Planted(
      result: 5, quantity: "E sign(⟨j, r⟩)⟨j, q⟩, cosine 0.5", wrong: 0.62666,
      why: "√(π/2) for √(2/π)"),
    Planted(
      result: 6, quantity: "root mean square error with 64 sign bits", wrong: 0.15666,
      why: "√(π/2m), without ρ²"),
    Planted(
      result: 7, quantity: "bytes of a row, scalar, 4 bits, d = 384", wrong: 196,
      why: "a scalar forgotten"),
  ]

  @Test(.enabled(if: isOptimizedBuild, needsOptimizedBuild), arguments: planted)
  func wrongConstantIsCaught(_ planted: Planted) throws {
    try #require(Self.results.count == 7)
    let row = try #require(
      Self.results[planted.result - 1].comparisons.first { $0.quantity == planted.quantity })
    #expect(row.agrees)
    #expect(!row.predicting(planted.wrong).agrees)
  }

  @Test func brokenBoundsAreCaught() {
    let row = Comparison("x", predicted: 1, measured: 1, standardError: 0.01, bound: .atMost(0.9))
    #expect(!row.agrees)
    let low = Comparison("x", predicted: 1, measured: 1, standardError: 0.01, bound: .atLeast(1.1))
    #expect(!low.agrees)
    #expect(!Comparison("x", predicted: 1, measured: 1, standardError: 0.02).isSharp)
  }

  @Test(arguments: [
    (32, 0.25, 0.3120974821895597), (64, 0.25, 0.15328495647291324),
    (64, 0.375, 0.033108715886186635), (516, 0.5, 1.2413963652660197e-12),
    (774, 0.5, 5.1618460968694864e-18),
  ])
  func chiSquareTails(k: Int, epsilon: Double, expected: Double) {
    #expect(abs(ChiSquare(degrees: k).tailBeyond(epsilon) / expected - 1) < 1e-9)
  }

  @Test func preconditions() async {
    await #expect(processExitsWith: .failure) { _ = try Theory(seed: 0, effort: 0.001).result(8) }
    await #expect(processExitsWith: .failure) { _ = ChiSquare(degrees: 3) }
  }

  /// The first term of either sum is below the smallest number from about 1,500 degrees on.
  @Test(arguments: [2, 64, 2000, 100_000])
  func chiSquareTailsAddUp(k: Int) {
    let law = ChiSquare(degrees: k)
    let x = Double(k) - 1
    // ln (k/2 − 1)! sums k/2 logarithms; their roundings, of up to k/2 · ln k ulp, add up at random.
    let tolerance = Double(k) * 1e-13
    #expect(abs(law.upperTail(x) + law.lowerTail(x) - 1) < tolerance)
  }

  @Test func coordinateTails() {
    #expect(abs(CoordinateLaw.sphere(dimension: 64).tail(1.5 / 8) / 0.13474704380022898 - 1) < 1e-9)
    let t = 3 / 384.0.squareRoot()
    #expect(abs(CoordinateLaw.sphere(dimension: 384).tail(t) / 0.002596094456607817 - 1) < 1e-9)
    // θ/π as the tail of the law on a circle.
    #expect(abs(CoordinateLaw.sphere(dimension: 2).tail(0.9) / 2 - 0.14356629312870625) < 1e-12)
  }

  /// Shared by both hands: k = 774 keeps a million vectors, 516 does not.
  @Test func shortFormulaFails() throws {
    let figures = try Theory(seed: 0, effort: 0.001).result(4).figures.map(\.value)
    #expect(figures[0] == 774)
    #expect(figures[1] < 0.01)
    #expect(figures[2] == 516)
    #expect(figures[3] > 0.01)
  }
}

extension Comparison {
  /// The same measurement beside another prediction, without its bound.
  fileprivate func predicting(_ value: Double) -> Comparison {
    Comparison(quantity, predicted: value, measured: measured, standardError: standardError)
  }
}
