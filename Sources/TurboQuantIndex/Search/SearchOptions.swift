/// The options of a search.
public struct SearchOptions: Sendable {
  /// How sure to be of finding what a scan of every code would find.
  public var exactness: Exactness
  /// Which rows may be returned; nil for all.
  public var filter: Filter?
  /// How many of the best rows by code are compared exactly by their originals; nil for none.
  public var rerank: Int?
  /// Whether hits carry their standard error and intervals.
  public var hasStandardErrors: Bool
  /// Threads that search.
  public var threads: Int
  /// Bytes of lower bits up to which a certified search reads all codes: choosing among them takes as long (measured at
  /// 384 coordinates, for one query and for a batch).
  package var exhaustiveByteLimit = 2 << 20
  /// Segments of the first stage of a certified search: these are as fast to search without stages (measured at 384
  /// coordinates).
  package var firstStageCount = 16

  /// Creates options.
  public init(
    exactness: Exactness = .certified(), filter: Filter? = nil, rerank: Int? = nil,
    hasStandardErrors: Bool = false, threads: Int = 1
  ) {
    self.exactness = exactness
    self.filter = filter
    self.rerank = rerank
    self.hasStandardErrors = hasStandardErrors
    self.threads = threads
  }
}

/// How much of an index a search read.
public struct SearchStatistics: Sendable, Hashable, Codable {
  /// Rows that could be returned, over all queries.
  public internal(set) var rows = 0
  /// Rows whose code was read whole.
  public internal(set) var finished = 0

  static func + (a: SearchStatistics, b: SearchStatistics) -> SearchStatistics {
    var sum = a
    sum.rows += b.rows
    sum.finished += b.finished
    return sum
  }
}

/// How sure a search is of finding what a scan of every code would find.
public enum Exactness: Sendable, Hashable {
  /// Every code is read whole.
  case exhaustive
  /// Codes are read whole only if their first bits leave a chance.
  ///
  /// For a query that does not depend on the seed, the result equals the exhaustive one with
  /// probability at least 1 − `failureProbability` over the rotation. Documentation/Numerics.md
  /// derives the bound. One-bit, two-stage and very short codes are always read whole,
  /// and so are indexes of up to 2 MiB of codes, not counting signs.
  case certified(failureProbability: Double = 1e-3)
}

/// Which rows a search may return.
public enum Filter: Sendable {
  /// Rows with these ids; unknown ids are ignored.
  case ids(Set<UInt64>)
  /// Rows whose id satisfies a predicate, asked once for each row of the index.
  case predicate(@Sendable (UInt64) -> Bool)
  /// Rows with these tags; unknown tags are ignored.
  case tags(Set<RowTag>)
  /// Rows whose tag satisfies a predicate, asked once for each row of the index.
  case tagPredicate(@Sendable (RowTag) -> Bool)

  /// Rows with these tags; unknown ones are ignored.
  public static func tags(_ tags: [some RowTagConvertible]) -> Filter {
    .tags(Set(tags.map(\.rowTag)))
  }
}
