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
    var byteCount: Int { inner.byteCount }

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

  /// By how many standard errors, of windows, the first divergence lies above the second.
  private static func distance(_ a: Evaluation, _ b: Evaluation) -> Double {
    let (a, b) = (a.divergence, b.divergence)
    let error = (a.standardError * a.standardError + b.standardError * b.standardError).squareRoot()
    return (a.mean - b.mean) / error
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
      let base = try #require(results.first { $0.name == proper.name })
      let distance = Self.distance(results[3 + i], base)
      print("\(control.name): \(distance) standard errors above \(proper.name)")
      #expect(distance > 10, "\(control.name)")
    }
  }

  @Test("More bits lose less, and 16 nothing that float32 tells from nothing")
  func order() throws {
    let model = try Shipped.model()
    let settings = try ["2", "3", "4", "8", "16"].map { try CacheSetting($0, for: model) }
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: Self.windows(6, length: 300), settings: [.float32] + settings)
    for (coarse, fine) in zip(results[1...4], results[2...5]) {
      let distance = Self.distance(coarse, fine)
      #expect(distance > 4, "\(coarse.name) and \(fine.name): \(distance) standard errors")
    }
    // Below what rounding makes of a divergence: see the test of its kernel.
    #expect(abs(results[5].divergence.mean) < 0x1p-17)
  }

  @Test("Exact first and last layers lose less; a sliding window of everything nothing more")
  func layers() throws {
    let model = try Shipped.model()
    let settings = try ["2", "2,boundary=16", "2,sliding=1024", "2,sliding=16,sinks=1"].map {
      try CacheSetting($0, for: model)
    }
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: Self.windows(6, length: 300), settings: [.float32] + settings)
    #expect(Self.distance(results[1], results[2]) > 4)
    #expect(results[3].divergence == results[1].divergence)
    #expect(Self.distance(results[4], results[1]) > 4)
  }

  @Test("Step by step, a window keeps what is new exact")
  func window() throws {
    let model = try Shipped.model()
    let settings = try ["2", "2,window=64,sinks=4"].map { try CacheSetting($0, for: model) }
    let results = try Evaluator(model: model, mode: .stepByStep, prompt: 16).evaluate(
      windows: Self.windows(4, length: 150), settings: [.float32] + settings)
    #expect(Self.distance(results[1], results[2]) > 4)
  }

  @Test("Keys by other quantizers are offered", arguments: ["qjl", "polar", "two-stage"])
  func otherKeys(_ name: String) throws {
    let model = try Shipped.model()
    let setting = try CacheSetting("4/16,keys=\(name)", for: model)
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: Self.windows(4, length: 150),
      settings: [.float32, setting, Self.tampered("wrong", setting, Self.misturned)])
    // Not exact, and far better than keys that have nothing to do with the queries.
    #expect(results[1].divergence.mean > 4 * results[1].divergence.standardError)
    #expect(Self.distance(results[2], results[1]) > 4)
  }

  @Test(
    "A setting that makes no sense is refused",
    arguments: [
      "", "x", "9", "4/", "4/3/2", "4,sinks", "4,sinks=x", "4,sinks=-1", "4,keys=best",
      "4,center=left",
      "4,estimator=two-stage", "4,estimator=good", "4,colour=red", "4,seed=-1", "4,sliding=0",
      "4,boundary=x", "2,keys=polar",
    ])
  func refusals(_ text: String) throws {
    let model = try Shipped.model()
    let named = text.split(separator: ",").last.map(String.init) ?? "no rate"
    do {
      _ = try CacheSetting(text, for: model)
      Issue.record("\(text) is not refused")
    } catch {
      // The whole option, or the name or value of one that the library refuses.
      #expect(
        named.split(separator: "=").contains { "\(error)".contains($0) }, "\(text): \(error)")
    }
  }
}
