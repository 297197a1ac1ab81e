package import TurboQuantKVCache

/// Trials of one modelled head: caches of several precisions and steps look for the same needles.
package struct RetrievalBenchmark {
  private let head: ModelledHead
  private let needles: Int
  private let lead: Double
  private let seed: UInt64
  /// A float32 cache, then every step of every precision.
  private var settings: [(step: String, configuration: KVConfiguration)]

  /// Prepares the caches of precisions of keys and values.
  ///
  /// - Parameters:
  ///   - precisions: How keys and values are kept.
  ///   - needles: Needles of each trial.
  ///   - lead: How far a needle's score is above the mean of other tokens, in their standard deviations.
  ///   - calibrationTokens: Tokens of a context that no trial uses, from which metrics are found.
  ///   - seed: What contexts, needles and rotations are drawn from.
  package init(
    _ head: ModelledHead, _ precisions: [(KVPrecision, KVPrecision)], needles: Int, lead: Double,
    calibrationTokens: Int, seed: UInt64
  ) throws {
    (self.head, self.needles, self.lead, self.seed) = (head, needles, lead, seed)
    let shape = KVShape(queryHeads: needles, keyValueHeads: 1, keyDimension: head.dimension)
    let exact = KVConfiguration(shape: shape, keys: .float32, values: .float32)
    let text = CalibrationText(
      head, tokens: calibrationTokens, queries: needles, lead: lead, seed: seed)
    // A metric does not depend on precisions.
    let steps = try RetrievalStep.all.map { ($0.name, try $0.configuration(exact, text)) }
    settings = [("exact", exact)]
    for (keys, values) in precisions {
      for (name, configuration) in steps {
        var coded = configuration
        (coded.keys, coded.values) = (keys, values)
        settings.append((name, coded))
      }
    }
  }

  /// Runs `trials` with contexts of `tokens`; `progress` is called after each cache.
  ///
  /// - Complexity: O(tokens · dimension) for each cache of each trial.
  package func run(
    tokens: Int, trials: Int, _ progress: () -> Void
  ) throws -> [RetrievalResult] {
    var results = settings.map { step, configuration in
      RetrievalResult(
        dimension: head.dimension, tokens: tokens, keys: "\(configuration.keys)",
        values: "\(configuration.values)", step: step, seed: seed, trials: trials,
        needles: trials * needles)
    }
    for number in 0..<trials {
      let trial = RetrievalTrial(
        head, tokens: tokens, needles: needles, lead: lead, seed: seed, number: number)
      var isFound = true
      for (i, setting) in settings.enumerated() {
        var configuration = setting.configuration
        // A rotation of its own for every trial.
        configuration.seed = seed &+ UInt64(number)
        let found = try trial.found(configuration)
        // The first cache is float32: what it does not find counts for no cache.
        if i == 0 { isFound = found.needles == needles }
        results[i].bytesPerToken = found.bytes
        results[i].foundNeedles += found.needles
        results[i].foundTrials += isFound && found.needles == needles ? 1 : 0
        progress()
      }
    }
    return results
  }

  /// The number of caches of each trial.
  package var cacheCount: Int { settings.count }
}

/// The trials of one kind of cache: the fields of `benchmark retrieval --json`.
package struct RetrievalResult: Encodable {
  package let dimension, tokens: Int
  package let keys, values, step: String
  package let seed: UInt64
  package let trials, needles: Int
  package fileprivate(set) var foundTrials = 0
  package fileprivate(set) var foundNeedles = 0
  package fileprivate(set) var bytesPerToken = 0.0

  enum CodingKeys: String, CodingKey {
    case dimension, tokens, keys, values, seed, trials, needles
    case step = "with"
    case foundTrials = "trials_found"
    case foundNeedles = "needles_found"
    case bytesPerToken = "bytes_per_token"
  }
}
