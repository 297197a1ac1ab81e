import Testing
import TurboQuant
import TurboQuantKVCache

@testable import TurboQuantEvaluation

@Suite("Retrieval")
struct RetrievalTests {
  @Test("A query scores its own token as asked, sinks above others, recent tokens between")
  func queries() {
    let (tokens, dimension, lead, count) = (2000, 64, 5.0, 20)
    let head = ModelledHead(dimension: dimension, bias: 8, seed: 1)
    var stream = RandomStream(seed: 1, purpose: .testData, number: 1)
    let keys = head.context(tokens: tokens, &stream).keys
    func logit(_ query: [Float], _ token: Int) -> Double {
      (0..<dimension).reduce(0) {
        $0 + Double(query[$1]) * Double(keys[token * dimension + $1])
      } / 8
    }
    var variance = 0.0
    var sinks = Moments()
    for _ in 0..<count {
      let needle = head.ordinaryToken(of: tokens, &stream)
      let key = keys.span.extracting(needle * dimension..<(needle + 1) * dimension)
      let query = head.query(for: key, lead: lead, &stream)
      // A dozen steps, each rounded to float32, of which lengths bound what one does to a logit.
      let bound = 12 * 0x1p-24 * length(query.span) * length(key) / 8
      let asked = 3.5 * lead - 18
      #expect(abs(logit(query, needle) - asked) <= bound)
      var (ordinary, recent) = (Moments(), Moments())
      for token in 4..<tokens - 64 where token != needle { ordinary.add(logit(query, token)) }
      for token in tokens - 64..<tokens { recent.add(logit(query, token)) }
      // Means of independent keys, within five standard errors.
      #expect(abs(ordinary.mean + 18) <= 5 * ordinary.standardError)
      #expect(abs(recent.mean + 10) <= 5 * recent.standardError)
      let error = ordinary.standardError
      variance += error * error * Double(ordinary.count) / Double(count)
      for token in 0..<4 { sinks.add(logit(query, token)) }
    }
    // Four keys that are 0.3 times as long as others.
    #expect(abs(sinks.mean) <= 5 * 0.3 * 3.5 / 2)
    // The parts of a query are orthogonal but for 1/√d, and so the variance right but for twice the product of their
    // weights, which is 1 at most; averaged over the queries, within five standard errors.
    #expect(abs(variance / (3.5 * 3.5) - 1) <= 5 / 8 / Double(count).squareRoot())
  }

  private func length(_ x: Span<Float>) -> Double {
    x.indices.reduce(0) { $0 + Double(x[$1]) * Double(x[$1]) }.squareRoot()
  }

  @Test(
    "Two bits find every needle that float32 finds, with all there is, and not without a centre")
  func twoBits() throws {
    let head = ModelledHead(dimension: 64, bias: 8, seed: 0)
    let benchmark = try RetrievalBenchmark(
      head, [(.bits(2), .bits(2))], needles: 5, lead: 7, calibrationTokens: 256, seed: 0)
    let results = try benchmark.run(tokens: 4096, trials: 3) {}
    #expect(results.count == benchmark.cacheCount)
    let found = Dictionary(uniqueKeysWithValues: results.map { ($0.step, $0.foundTrials) })
    #expect(found["exact"] == 3)
    #expect(found["sinks, window, mean, diagonal"] == 3)
    #expect(found["sinks, window, mean, matrix"] == 3)
    // Codes of keys that are 8 times as long as what differs are as good as random.
    #expect(found["codes alone"] == 0 && found["sinks, window"] == 0)
    // A sink's code is wrong by several logits, and outweighs some needles.
    #expect(found["window, mean, diagonal"].map { $0 < 3 } == true)
  }

  @Test("A step sets what its name says")
  func steps() throws {
    let head = ModelledHead(dimension: 16, bias: 8, seed: 0)
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 16)
    let plain = KVConfiguration(shape: shape, keys: .bits(2), values: .bits(2))
    let text = CalibrationText(head, tokens: 256, queries: 1, lead: 3, seed: 0)
    for step in RetrievalStep.all {
      let configuration = try step.configuration(plain, text)
      let parts: [String?] = [
        configuration.sinks == 4 ? "sinks" : nil, configuration.window == 64 ? "window" : nil,
        configuration.centering == .mean ? "mean" : nil, configuration.equalization?.kind.rawValue,
      ]
      let name = parts.compactMap(\.self).joined(separator: ", ")
      #expect(step.name == (name.isEmpty ? "codes alone" : name))
    }
    #expect(Set(RetrievalStep.all.map(\.name)).count == RetrievalStep.all.count)
  }

  @Test("Trials in which float32 misses a needle count for no cache that finds it")
  func lost() throws {
    let head = ModelledHead(dimension: 64, bias: 8, seed: 0)
    let benchmark = try RetrievalBenchmark(
      head, [(.bits(2), .float32)], needles: 1, lead: 5.7, calibrationTokens: 256, seed: 0)
    let results = try benchmark.run(tokens: 300, trials: 20) {}
    let exact = try #require(results.first)
    #expect(exact.foundTrials == exact.foundNeedles && (1..<20).contains(exact.foundTrials))
    #expect(results.allSatisfy { $0.foundTrials <= min($0.foundNeedles, exact.foundTrials) })
    #expect(results.contains { $0.foundTrials < $0.foundNeedles })
  }
}
