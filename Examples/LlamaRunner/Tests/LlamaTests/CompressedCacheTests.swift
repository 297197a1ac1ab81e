import Testing

@testable import Llama

/// What compressed caches do to the small model, and that whatever is wrong with one shows.
@Suite struct CompressedCacheTests {
  /// Changes what a cache gets to see.
  private struct Tampered: LayerCache {
    var inner: any LayerCache
    let shape: CacheShape
    /// Where each coordinate of a key goes, by head and token: an array as long as the keys.
    let place: @Sendable (_ keys: [Float], _ tokens: Int, _ dimension: Int) -> [Float]

    var count: Int { inner.count }

    mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
      try inner.append(
        keys: place(keys, tokens, shape.headDimension), values: values, tokens: tokens)
    }

    mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
      try inner.attend(queries: queries, tokens: tokens, scale: scale)
    }

    mutating func truncate(to count: Int) throws { try inner.truncate(to: count) }
  }

  private static func tampered(
    _ name: String, _ setting: CacheSetting,
    _ place: @escaping @Sendable ([Float], Int, Int) -> [Float]
  ) -> CacheSetting {
    CacheSetting(name: name) { shape, layer in
      Tampered(inner: try setting.make(shape, layer), shape: shape, place: place)
    }
  }

  private static func windows(_ count: Int, length: Int = 1024) throws -> [[Int]] {
    try Shipped.windows().prefix(count).map { Array($0.prefix(length)) }
  }

  /// The keys of every two neighbouring tokens exchanged: codes that belong to other tokens.
  @Sendable private static func exchanged(_ keys: [Float], _ tokens: Int, _ d: Int) -> [Float] {
    var result = keys
    for vector in 0..<keys.count / d {
      let (first, token) = (vector - vector % tokens, vector % tokens)
      let other = first + min(token ^ 1, tokens - 1)
      for i in 0..<d { result[vector * d + i] = keys[other * d + i] }
    }
    return result
  }

  /// Keys turned by another orthogonal matrix than queries are, as by another seed.
  @Sendable private static func misturned(_ keys: [Float], _ tokens: Int, _ d: Int) -> [Float] {
    keys.indices.map { i in
      let (vector, c) = (i / d, i % d)
      return keys[vector * d + (5 * c + 3) % d] * (c % 3 == 0 ? -1 : 1)
    }
  }

  @Test("Whatever is wrong with a cache moves the predictions by more than ten standard errors")
  func negativeControls() throws {
    let model = try Shipped.model()
    let good = try CacheSetting("3/16", for: model)
    let sketched = try CacheSetting("3/16,keys=two-stage", for: model)
    let pairs = [
      (good, Self.tampered("codes of other tokens", good, Self.exchanged)),
      (good, Self.tampered("another seed", good, Self.misturned)),
      (good, try CacheSetting("1/16", for: model)),
      // The first stage of two alone.
      (sketched, try CacheSetting("2/16,estimator=reconstruction", for: model)),
    ]
    let settings = [CacheSetting.float32, good, sketched] + pairs.map(\.1)
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: Self.windows(24), settings: settings)
    for (i, (proper, control)) in pairs.enumerated() {
      let base = try #require(results.first { $0.name == proper.name }).divergence
      let moved = results[3 + i].divergence
      let error =
        (base.standardError * base.standardError
        + moved.standardError * moved.standardError).squareRoot()
      print(
        "\(control.name): KL \(moved.mean) against \(base.mean), \((moved.mean - base.mean) / error) SE"
      )
      #expect(moved.mean - base.mean > 10 * error, "\(control.name)")
    }
  }

  @Test("More bits lose less, and 16 and 8 nearly nothing")
  func order() throws {
    let model = try Shipped.model()
    let settings = try ["16", "8", "4", "3", "2"].map { try CacheSetting($0, for: model) }
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: Self.windows(4, length: 400), settings: [.float32] + settings)
    let losses = results.map(\.divergence.mean)
    #expect(losses == losses.sorted())
    // Half a unit of binary16 in each of some hundred sums, and 1/4,000 of a score's deviation.
    #expect(losses[1] < 1e-5 && losses[2] < 1e-3)
  }

  @Test("Exact first and last layers lose less; a sliding window of everything nothing more")
  func layers() throws {
    let model = try Shipped.model()
    let settings = try ["2", "2,boundary=16", "2,sliding=1024", "2,sliding=16,sinks=1"].map {
      try CacheSetting($0, for: model)
    }
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: Self.windows(3, length: 300), settings: [.float32] + settings)
    let losses = results.map(\.divergence.mean)
    #expect(losses[2] < 0.8 * losses[1])
    #expect(results[3].divergence == results[1].divergence)
    #expect(losses[4] > losses[1])
  }

  @Test("Step by step, a window keeps what is new exact")
  func window() throws {
    let model = try Shipped.model()
    let settings = try ["2", "2,window=64,sinks=4"].map { try CacheSetting($0, for: model) }
    let results = try Evaluator(model: model, mode: .stepByStep, prompt: 16).evaluate(
      windows: Self.windows(2, length: 200), settings: [.float32] + settings)
    #expect(results[2].divergence.mean < 0.5 * results[1].divergence.mean)
  }

  @Test("Keys by other quantizers are offered", arguments: ["qjl", "polar", "two-stage"])
  func otherKeys(_ name: String) throws {
    let model = try Shipped.model()
    let settings = try [CacheSetting("4/16,keys=\(name)", for: model)]
    let results = try Evaluator(model: model, mode: .stepByStep, prompt: 16).evaluate(
      windows: Self.windows(1, length: 60), settings: [.float32] + settings)
    // Sixty tokens: worse than exact, better than nothing.
    #expect((0...0.5).contains(results[1].divergence.mean))
  }

  @Test(
    "A setting that makes no sense is refused",
    arguments: [
      "", "x", "9", "4/", "4/3/2", "4,sinks", "4,sinks=x", "4,sinks=-1", "4,keys=best",
      "4,centre=left",
      "4,estimator=two-stage", "4,estimator=good", "4,colour=red", "4,seed=-1", "4,sliding=0",
      "4,boundary=x", "2,keys=polar",
    ])
  func refusals(_ text: String) throws {
    let model = try Shipped.model()
    #expect(throws: (any Error).self) { try CacheSetting(text, for: model) }
  }
}
