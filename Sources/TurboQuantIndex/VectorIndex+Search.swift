internal import TurboQuant
internal import TurboQuantKernels
package import TurboQuantThreads

extension VectorIndex {
  /// Whether a certified search can read less than an exhaustive one; in a small index it does not.
  package var hasCertificate: Bool { certificate != nil }

  /// The nearest rows of each query, nearest first, equal scores by id.
  ///
  /// Results do not depend on the number of threads or the kernel target. Nor do those of exhaustive searches depend
  /// on the order in which rows were added; in another order, a certified search may miss other rows, within what it
  /// promises. Fewer than `count` hits come back where fewer rows may be returned.
  ///
  /// - Parameters:
  ///   - queries: The queries, one after another, of the index's dimension.
  ///   - count: How many rows to return for each, at least 1.
  ///   - options: Exactness, filter, reranking, error bars, threads.
  /// - Returns: One list of hits per query.
  /// - Throws: ``IndexError`` when a query or an option makes no sense, or the file that the index is
  ///   mapped from is damaged where the search reads it.
  /// - Complexity: O(rows · dimension) per query, several bytes per instruction.
  public func search(
    _ queries: [Float], count: Int, options: SearchOptions = SearchOptions()
  ) throws(IndexError) -> [[Hit]] {
    try searchWithStatistics(queries, count: count, options: options).hits
  }

  /// As ``search(_:count:options:)-([Float],_,_)``, with how much of the index was read.
  ///
  /// - Throws: As ``search(_:count:options:)-([Float],_,_)``.
  public func searchWithStatistics(
    _ queries: [Float], count: Int, options: SearchOptions = SearchOptions()
  ) throws(IndexError) -> (hits: [[Hit]], statistics: SearchStatistics) {
    try searchWithStatistics(queries.span, count: count, options: options, nil)
  }

  package func searchWithStatistics(
    _ queries: Span<Float>, count: Int, options: SearchOptions, _ monitor: WorkMonitor?
  ) throws(IndexError) -> (hits: [[Hit]], statistics: SearchStatistics) {
    let search = try Search(self, queries, count: count, options, monitor)
    guard search.allowed.count > 0 else {
      return ([[Hit]](repeating: [], count: search.queries.count), SearchStatistics())
    }
    let found = try search.run()
    var hits: [[Hit]] = []
    hits.reserveCapacity(found.rows.count)
    for (query, rows) in found.rows.enumerated() {
      try monitor?.check()
      try checkLengths(of: rows, queryNorm: search.queries[query].norm, query: query)
      hits.append(try self.hits(rows, search.queries[query], count: count, options))
    }
    return (hits, found.statistics)
  }

  /// All rows that score at least as well as `limit`, nearest first; every code is read whole.
  ///
  /// Scores are estimates. A row's squared distance to itself may come out above 0 or below it, its cosine
  /// on either side of 1, so a limit at the edge misses equal rows. Allow for some standard errors.
  ///
  /// - Parameters:
  ///   - queries: The queries, one after another, of the index's dimension.
  ///   - limit: The least inner product or cosine, or the largest squared distance, itself included.
  ///   - options: Filter, error bars, threads.
  /// - Returns: One list of hits per query.
  /// - Throws: As ``search(_:count:options:)-([Float],_,_)``; also when reranking is asked for or `limit` is NaN.
  public func rangeSearch(
    _ queries: [Float], limit: Float, options: SearchOptions = SearchOptions()
  ) throws(IndexError) -> [[Hit]] {
    try rangeSearch(queries.span, limit: limit, options: options)
  }

  /// All rows that score at least as well as `limit`, as ``rangeSearch(_:limit:options:)-([Float],_,_)``.
  ///
  /// - Throws: ``IndexError`` as that.
  public func rangeSearch(
    _ queries: Span<Float>, limit: Float, options: SearchOptions = SearchOptions()
  ) throws(IndexError) -> [[Hit]] {
    guard options.rerank == nil else {
      throw .notOffered("a range search does not rerank; search for a count, or leave rerank out")
    }
    guard !limit.isNaN else { throw .notOffered("a range search needs a limit that is a number") }
    let search = try Search(self, queries, count: 1, options)
    var hits: [[Hit]] = []
    let ranges = try search.range(cutoff: metric.isDistance ? -limit : limit)
    for (query, rows) in ranges.enumerated() {
      try checkLengths(of: rows, queryNorm: search.queries[query].norm, query: query)
      hits.append(try self.hits(rows, search.queries[query], count: rows.count, options))
    }
    return hits
  }
}

// MARK: From rows to hits

extension VectorIndex {
  private func hits(
    _ rows: [RankedRow], _ query: PreparedQuery, count: Int, _ options: SearchOptions
  ) throws(IndexError) -> [Hit] {
    guard options.rerank == nil else {
      return try reranked(rows, query, count: count, options)
    }
    let errors = options.hasStandardErrors ? ScoreErrors(self, query) : nil
    var hits: [Hit] = []
    hits.reserveCapacity(rows.count)
    for row in rows {
      let error = try errors.map { (errors) throws(IndexError) in try errors.error(of: row) }
      let score = metric.isDistance ? -row.similarity : row.similarity
      hits.append(Hit(row.id, try self.rows.tag(at: row.slot), score, error))
    }
    return hits
  }

  private func reranked(
    _ rows: [RankedRow], _ query: PreparedQuery, count: Int, _ options: SearchOptions
  ) throws(IndexError) -> [Hit] {
    guard let originals else { throw .noOriginals }
    var exact: [RankedRow] = []
    exact.reserveCapacity(rows.count)
    for row in rows {
      let score = metric.exactScore(try original(at: row.slot), query.vector)
      exact.append(
        RankedRow(similarity: metric.isDistance ? -score : score, id: row.id, slot: row.slot))
    }
    var hits: [Hit] = []
    for row in exact.sorted(by: RankedRow.isBetter).prefix(count) {
      let score = metric.isDistance ? -row.similarity : row.similarity
      let error =
        options.hasStandardErrors
        ? originals.error(of: Double(score), metric, try original(at: row.slot), query.vector)
        : nil
      hits.append(Hit(row.id, try self.rows.tag(at: row.slot), score, error))
    }
    return hits
  }
}
