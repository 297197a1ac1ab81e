internal import TurboQuant
package import TurboQuantKVCache

/// Caches of one shape, timed in turns.
package struct AttentionTrial {
  private let shape: KVShape
  private let threads: Int
  private let query: [Float]
  private var output: [Float]
  private var caches: [(cache: KVCache, appendSeconds: Double)] = []

  /// Fills one cache per setting, with float32 and float16 first.
  package init(
    _ shape: KVShape, _ settings: [AttentionSetting], _ centering: KVCentering,
    tokens: Int, seed: UInt64, threads: Int, _ progress: (Int) -> Void
  ) throws {
    self.shape = shape
    self.threads = threads
    var stream = RandomStream(seed: seed, purpose: .testData)
    // The same block of tokens repeats: time does not depend on the values of the codes.
    let block = min(tokens, 1024)
    let count = shape.keyValueHeads * block * shape.keyDimension
    let keys = (0..<count).map { _ in Float(stream.nextNormal()) }
    let values = (0..<count).map { _ in Float(stream.nextNormal()) }
    query = (0..<shape.queryHeads * shape.keyDimension).map { _ in Float(stream.nextNormal()) }
    output = [Float](repeating: 0, count: shape.queryHeads * shape.valueDimension)
    for setting in settings {
      var configuration = KVConfiguration(
        shape: shape, keys: setting.keys, values: setting.values)
      configuration.seed = seed
      configuration.centering = centering
      configuration.equalization = try setting.equalization.map { kind in
        // Time does not depend on the numbers.
        try KVEqualization(
          kind,
          heads: (0..<shape.keyValueHeads).map { _ in
            AttentionTrial.metric(kind, dimension: shape.keyDimension)
          })
      }
      let codec = try KVCodec(configuration)
      var (cache, start) = (KVCache(codec), ContinuousClock.now)
      // Fill twice: the second time, the memory is there that the first had to request from the system.
      for _ in 0..<2 {
        cache = KVCache(codec)
        start = ContinuousClock.now
        while cache.count < tokens {
          try cache.append(keys: keys.span, values: values.span, threads: threads)
        }
      }
      try cache.truncate(to: tokens)
      caches.append((cache, (ContinuousClock.now - start).seconds))
      progress(1)
    }
  }

  /// A half and ones in turns on the diagonal, and small numbers beside it.
  private static func metric(_ kind: KVEqualization.Kind, dimension: Int) -> [Float] {
    (0..<dimension).flatMap { i in
      (i..<(kind == .diagonal ? i + 1 : dimension)).map { j in
        i == j ? (i % 2 == 0 ? 1 : 0.5) : 0.01
      }
    }
  }

  /// Times every cache `repeats` times, in turns, and a plain read of the first cache's bytes.
  package mutating func run(
    repeats: Int, _ progress: (Int) -> Void
  ) throws -> [AttentionTiming] {
    let (query, threads) = (query, threads)
    var steps = [[Double]](repeating: [], count: caches.count)
    var reads: [Double] = []
    for _ in 0..<repeats {
      for i in caches.indices {
        let cache = caches[i].cache
        let start = ContinuousClock.now
        var target = output.mutableSpan
        try cache.attend(query.span, into: &target, threads: threads)
        steps[i].append((ContinuousClock.now - start).seconds * 1e3)
      }
      let start = ContinuousClock.now
      caches[0].cache.forEachPage(PlainBytes.read)
      reads.append((ContinuousClock.now - start).seconds * 1e3)
      progress(1)
    }
    return caches.indices.map { i in
      let cache = caches[i].cache
      let vectors = 2 * shape.keyValueHeads * cache.count
      return AttentionTiming(
        keys: "\(cache.codec.configuration.keys)", values: "\(cache.codec.configuration.values)",
        equalization: cache.codec.configuration.equalization?.kind.rawValue ?? "none",
        tokens: cache.count, queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
        dimension: shape.keyDimension, threads: threads, repeats: repeats,
        bytes: cache.memory.total, step: steps[i].median,
        againstFloat32: zip(steps[0], steps[i]).map { $0 / $1 }.median,
        againstFloat16: zip(steps[1], steps[i]).map { $0 / $1 }.median,
        read: reads.median, appendedPerSecond: Double(vectors) / caches[i].appendSeconds)
    }
  }
}

/// How one of the caches keeps its tokens.
package struct AttentionSetting {
  package var keys, values: KVPrecision
  package var equalization: KVEqualization.Kind?

  package init(
    keys: KVPrecision, values: KVPrecision, equalization: KVEqualization.Kind? = nil
  ) {
    (self.keys, self.values, self.equalization) = (keys, values, equalization)
  }
}

/// The times of one cache: the fields of `benchmark attention --json`.
package struct AttentionTiming: Encodable {
  package let keys, values, equalization: String
  package let tokens, queryHeads, keyValueHeads, dimension, threads, repeats, bytes: Int
  package let step, againstFloat32, againstFloat16, read, appendedPerSecond: Double

  enum CodingKeys: String, CodingKey {
    case keys, values, equalization, tokens, dimension, threads, repeats, bytes
    case queryHeads = "query_heads"
    case keyValueHeads = "kv_heads"
    case step = "step_ms"
    case againstFloat32 = "speed_over_float32"
    case againstFloat16 = "speed_over_float16"
    case read = "plain_read_of_float32_ms"
    case appendedPerSecond = "vectors_appended_per_second"
  }
}
