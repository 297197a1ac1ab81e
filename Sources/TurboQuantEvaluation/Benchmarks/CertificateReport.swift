internal import TurboQuant
package import TurboQuantIndex

/// Certified searches compared with exhaustive ones: the fields of `benchmark certificate --json`.
package struct CertificateReport: Encodable {
  package let bits: Int
  package let rows: Int
  package let dimension: Int
  package let count: Int
  package let probability: Double
  package private(set) var searches = 0
  package private(set) var failures = 0
  package private(set) var limit = 0
  package private(set) var finishedFraction = 0.0

  enum CodingKeys: String, CodingKey {
    case bits, rows, dimension, count, searches, failures
    case probability = "failure_probability"
    case limit = "failures_99_percent_limit"
    case finishedFraction = "finished_fraction"
  }

  /// Creates a report without any searches.
  package init(bits: Int, rows: Int, dimension: Int, count: Int, probability: Double) {
    self.bits = bits
    self.rows = rows
    self.dimension = dimension
    self.count = count
    self.probability = probability
  }

  /// Searches `index` both ways with every query.
  package mutating func add(_ index: VectorIndex, _ queries: [Float], threads: Int) throws {
    var options = SearchOptions(
      exactness: .certified(failureProbability: probability), threads: threads)
    // Otherwise small indexes would not be searched by their first bits.
    options.exhaustiveByteLimit = 0
    let certified = try index.searchWithStatistics(queries, count: count, options: options)
    let exhaustive = try index.search(
      queries, count: count, options: SearchOptions(exactness: .exhaustive, threads: threads))
    let new = exhaustive.count
    let fraction =
      Double(certified.statistics.finished) / Double(max(1, certified.statistics.rows))
    finishedFraction =
      (finishedFraction * Double(searches) + fraction * Double(new)) / Double(searches + new)
    searches += new
    failures += zip(certified.hits, exhaustive).count { $0 != $1 }
    limit = Self.binomialLimit(searches, probability)
  }

  /// The smallest number that a binomial variable exceeds with a probability of at most 1%.
  private static func binomialLimit(_ trials: Int, _ p: Double) -> Int {
    guard p < 1 else { return trials }
    // The recurrence is in logarithms, so that no power underflows.
    var logTerm = Double(trials) * Portable.log(1 - p)
    var sum = 0.0
    for k in 0...trials {
      sum += logTerm > -700 ? Portable.exp(logTerm) : 0
      if sum >= 0.99 { return k }
      logTerm += Portable.log(Double(trials - k) / Double(k + 1) * p / (1 - p))
    }
    return trials
  }
}

extension VectorIndex {
  /// `count` decoded rows, chosen at random by `seed`.
  package func decodedRows(_ count: Int, seed: UInt64) throws -> [Float] {
    var stream = RandomStream(seed: seed, purpose: .sampling)
    return try (0..<count).flatMap { _ in
      try reconstruct(UInt64(stream.nextInteger(below: UInt32(self.count))))
    }
  }
}
