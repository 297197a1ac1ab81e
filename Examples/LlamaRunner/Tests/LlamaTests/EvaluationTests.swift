import Foundation
import Testing

@testable import Llama

@Suite struct EvaluationTests {
  /// An exact cache that loses a little of each value.
  struct DimmedCache: LayerCache {
    var exact: FloatCache
    var count: Int { exact.count }
    var byteCount: Int { exact.byteCount }

    mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
      try exact.append(keys: keys, values: values.map { $0 * 0.7 }, tokens: tokens)
    }

    func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
      try exact.attend(queries: queries, tokens: tokens, scale: scale)
    }

    mutating func truncate(to count: Int) throws { try exact.truncate(to: count) }
  }

  static let dimmed = CacheSetting(name: "dimmed") { shape, _ in
    DimmedCache(exact: FloatCache(shape: shape))
  }

  static func windows() throws -> [[Int]] {
    try Shipped.windows().prefix(3).map { Array($0.prefix(200)) }
  }

  @Test("Losses are the reference's, and a cache is compared with the first")
  func compares() throws {
    let evaluator = Evaluator(model: try Shipped.model(), mode: .wholeWindow)
    let windows = try Self.windows()
    var calls: [Int] = []
    let results = try evaluator.evaluate(
      windows: windows, settings: [.float32, .float32, Self.dimmed]
    ) { calls.append($0) }
    let expected: [[Float]] = try Shipped.rows("token_nll_f32").prefix(3).map {
      Array($0.prefix(199))
    }
    let reference = Estimate(windows: expected)
    #expect(calls == [1, 2, 3])
    #expect(results.map(\.name) == ["float32", "float32", "dimmed"])
    #expect(abs(results[0].loss.mean - reference.mean) <= Double(ReferenceTests.tolerance))
    #expect(results[0].perplexity == exp(results[0].loss.mean))
    // The same computation twice: no difference at all.
    #expect(results[1].increase.mean == 0 && results[1].divergence.mean == 0)
    #expect(results[2].divergence.mean > 0)
    let difference = results[2].loss.mean - results[0].loss.mean
    // The mean of differences is the difference of the means, summed in another order: 600 terms
    // below 20 in double precision, each rounded to float32 once.
    #expect(abs(results[2].increase.mean - difference) < 20 * 0x1p-24)
  }

  @Test("Losses that are no numbers are an error, not a row of the table")
  func notFinite() throws {
    struct BrokenCache: LayerCache {
      var exact: FloatCache
      var count: Int { exact.count }
      var byteCount: Int { exact.byteCount }
      mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
        try exact.append(keys: keys, values: values, tokens: tokens)
      }
      func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
        try exact.attend(queries: queries, tokens: tokens, scale: scale).map { _ in .nan }
      }
      mutating func truncate(to count: Int) throws { try exact.truncate(to: count) }
    }
    let broken = CacheSetting(name: "broken") { shape, _ in
      BrokenCache(exact: FloatCache(shape: shape))
    }
    let evaluator = Evaluator(model: try Shipped.model(), mode: .wholeWindow)
    #expect(throws: ModelError.notFinite) {
      try evaluator.evaluate(windows: [[1, 2, 3]], settings: [.float32, broken])
    }
  }

  @Test("Both ways of reading agree")
  func modes() throws {
    let model = try Shipped.model()
    let windows = try Self.windows().map { Array($0.prefix(60)) }
    let settings = [CacheSetting.float32, Self.dimmed]
    let whole = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: windows, settings: settings)
    let steps = try Evaluator(model: model, mode: .stepByStep).evaluate(
      windows: windows, settings: settings)
    // Bit for bit, as the forward passes are.
    #expect(whole.map(\.loss) == steps.map(\.loss))
    #expect(whole.map(\.divergence) == steps.map(\.divergence))
  }

  @Test("Log-softmax and divergence are those of the definition", arguments: [1, 5, 8, 31, 4_096])
  func kernels(width: Int) {
    var generator = SeededGenerator(seed: 3)
    func rows() -> [Float] { randomFloats(2 * width, &generator).map { 10 * $0 } }
    var (p, q) = (rows(), rows())
    func logs(_ values: ArraySlice<Float>) -> [Double] {
      let sum = values.reduce(0) { $0 + exp(Double($1)) }
      return values.map { Double($0) - log(sum) }
    }
    let first = (logs(p[width...]), logs(q[width...]))
    Vectors.logSoftmax(&p, width: width)
    Vectors.logSoftmax(&q, width: width)
    let divergences = Vectors.divergences(p[...], q, width: width)
    // Logarithms below 32 round to 2^-20; the sum of exponentials, in lanes, to less.
    #expect(zip(p[width...], first.0).allSatisfy { abs(Double($0) - $1) < 0x1p-18 })
    let expected = zip(first.0, first.1).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    #expect(abs(Double(divergences[1]) - expected) < 0x1p-17 * max(1, expected))
  }

  @Test("Standard errors are those of the windows' means and of the tokens")
  func standardErrors() {
    let estimate = Estimate(windows: [[1, 3], [5, 7]])
    #expect(estimate.mean == 4)
    // Means 2 and 6: variance 8, over 2 windows. Tokens: squares 9 + 1 + 1 + 9, over 3, over 4.
    #expect(estimate.standardError == 2)
    #expect(estimate.tokenStandardError == (20.0 / 3 / 4).squareRoot())
    #expect(Estimate(windows: [[1, 3]]).standardError.isNaN)
  }

  @Test("A seed gives the same text, another one another")
  func sampling() throws {
    let (model, tokenizer) = (try Shipped.model(), try Shipped.tokenizer())
    func text(_ seed: UInt64, _ topP: Float = 1) throws -> [Int] {
      var (sampler, caches) = (
        Sampler(temperature: 1, topP: topP, seed: seed), model.makeFloatCaches()
      )
      var tokens: [Int] = []
      _ = try model.generate(
        after: tokenizer.encode("And the"), count: 20, sampler: &sampler, caches: &caches
      ) { tokens.append($0) }
      return tokens
    }
    #expect(try text(1) == text(1))
    #expect(try text(1) != text(2))
    #expect(try text(1, 1e-6) == text(2, 1e-6))  // Only the likeliest token is left.
  }

  @Test("Tokens are drawn as often as their probabilities say")
  func frequencies() throws {
    var sampler = Sampler(temperature: 2, topP: 0.9, seed: 11)
    // Weights 4 : 3 : 2 : 1 at temperature 2; the last one is beyond 0.9.
    let logits = [4, 3, 2, 1].map { 2 * log(Float($0)) }
    var counts = [0, 0, 0, 0]
    let draws = 9_000
    for _ in 0..<draws { counts[try sampler.next(logits)] += 1 }
    #expect(counts[3] == 0)
    for (count, share) in zip(counts, [4.0 / 9, 3.0 / 9, 2.0 / 9]) {
      let deviation = (Double(draws) * share * (1 - share)).squareRoot()
      #expect(abs(Double(count) - share * Double(draws)) < 4.5 * deviation)
    }
    #expect(throws: ModelError.notFinite) { try sampler.next([0, .nan]) }
  }
}
