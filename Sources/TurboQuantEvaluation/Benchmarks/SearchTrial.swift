internal import TurboQuant
package import TurboQuantIndex

/// One index whose searches are timed one by one and all together.
package struct SearchTrial {
  /// The index that is searched.
  package let index: VectorIndex
  /// The number of rows that each query asks for.
  package let count: Int
  /// The hits of the last run of all queries.
  package private(set) var hits: [[Hit]] = []
  private let queries: VectorSet
  private let options: SearchOptions
  private let buildSeconds: Double
  private var singles: [Double] = []
  private var batches: [Double] = []
  private var reads: [Double] = []
  private var finishedFraction = 0.0
  private let plain: PlainBytes

  /// Times the building of an index; each of `queries` will search it for `count` rows.
  package init(
    _ queries: VectorSet, count: Int, _ options: SearchOptions,
    building index: () throws -> VectorIndex
  ) throws {
    let start = ContinuousClock.now
    self.index = try index()
    buildSeconds = (ContinuousClock.now - start).seconds
    self.queries = queries
    self.count = count
    self.options = options
    plain = PlainBytes(count: self.index.count * self.index.codec.layout.codes.count)
  }

  /// Runs every query alone, all queries at once, and a plain read, `repeats` times.
  ///
  /// `progress` is called with the number of searches since its last call.
  package mutating func run(repeats: Int, _ progress: (Int) -> Void) throws {
    for _ in 0..<repeats {
      for number in 0..<queries.count {
        let query = Array(queries.values[queries.floats(number..<number + 1)])
        let start = ContinuousClock.now
        let found = try index.search(query, count: count, options: options)
        singles.append((ContinuousClock.now - start).seconds * 1e6)
        precondition(found.count == 1, "a search has a list of hits per query")
        progress(1)
      }
      var start = ContinuousClock.now
      let found = try index.searchWithStatistics(queries.values, count: count, options: options)
      batches.append((ContinuousClock.now - start).seconds * 1e6 / Double(queries.count))
      hits = found.hits
      finishedFraction = Double(found.statistics.finished) / Double(max(1, found.statistics.rows))
      start = .now
      plain.read()
      reads.append((ContinuousClock.now - start).seconds * 1e6)
      progress(1)
    }
  }

  /// The times and, if the exact neighbours are known, the recall.
  package func timing(_ truth: GroundTruth?) -> SearchTiming {
    var agreement = Agreement()
    if let truth {
      for (list, nearest) in zip(hits, truth.nearest) {
        agreement.addSearch(found: list.prefix(10).map { Int($0.id) }, expected: nearest.rows)
      }
    }
    let isKnown = truth != nil && count >= 10
    return SearchTiming(
      bits: index.codec.rate.bitsPerCoordinate, dimension: queries.dimension, rows: index.count,
      queries: queries.count, count: count, threads: options.threads,
      exactness: options.exactness.name, bytesPerVector: index.bytesPerVector,
      buildSeconds: buildSeconds, singleMedian: singles.median, singleLeast: singles.min() ?? 0,
      singleMost: singles.max() ?? 0, batch: batches.median, read: reads.median,
      finishedFraction: finishedFraction,
      recallAt10: Nullable(isKnown ? agreement.recallAt10 : nil),
      recall1At1: Nullable(truth == nil ? nil : agreement.recall1At1),
      recall1At10: Nullable(isKnown ? agreement.recall1At10 : nil))
  }
}

/// How fast and how well one index was searched: the fields of `benchmark search --json`.
package struct SearchTiming: Encodable {
  package let bits: Double
  package let dimension: Int
  package let rows: Int
  package let queries: Int
  package let count: Int
  package let threads: Int
  package let exactness: String
  package let bytesPerVector: Int
  package let buildSeconds: Double
  package let singleMedian: Double
  package let singleLeast: Double
  package let singleMost: Double
  package let batch: Double
  package let read: Double
  package let finishedFraction: Double
  package let recallAt10: Nullable<Double>
  package let recall1At1: Nullable<Double>
  package let recall1At10: Nullable<Double>

  enum CodingKeys: String, CodingKey {
    case bits, dimension, rows, queries, count, threads, exactness
    case bytesPerVector = "bytes_per_vector"
    case buildSeconds = "build_seconds"
    case singleMedian = "single_us_median"
    case singleLeast = "single_us_least"
    case singleMost = "single_us_most"
    case batch = "batch_us_per_query"
    case read = "read_us"
    case finishedFraction = "finished_fraction"
    case recallAt10 = "recall_at_10"
    case recall1At1 = "recall_1_at_1"
    case recall1At10 = "recall_1_at_10"
  }
}

extension Exactness {
  /// The name on the command line.
  package var name: String {
    switch self {
    case .exhaustive: "exhaustive"
    case .certified: "certified"
    }
  }
}
