// Exhaustive search: every code is read whole, where it lies.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

extension Search {
  /// The best rows of every query of some groups.
  func exhaustive(_ groups: [QueryGroup], _ schedule: Schedule) throws(IndexError) -> Found {
    var partitions = try schedule.mapPartitions(of: index.rows.segments.count) {
      (segments) throws(IndexError) in
      var best = groups.map { [BestRows](repeating: BestRows(count), count: $0.count) }
      try scan(segments, groups, into: &best)
      return best.flatMap { $0 }
    }
    var best = partitions.removeFirst()
    for partition in partitions {
      for query in best.indices { best[query].merge(partition[query]) }
    }
    let read = allowed.count * best.count
    return Found(
      rows: best.map { $0.sorted() }, statistics: SearchStatistics(rows: read, finished: read))
  }

  /// All rows of every query with a similarity of at least `cutoff`, best first.
  func range(cutoff: Float) throws(IndexError) -> [[RankedRow]] {
    let schedule = Schedule(
      queryCount: queries.count, groupSize: 1, mostGroups: 1, threads: threads)
    return try schedule.mapBatches { (batch) throws(IndexError) in
      let groups = groups(of: queries[batch])
      let partitions = try schedule.mapPartitions(of: index.rows.segments.count) {
        (segments) throws(IndexError) in
        var rows = [[RowsInRange(cutoff: cutoff)]]
        try scan(segments, groups, into: &rows)
        return rows[0][0].rows
      }
      return partitions.flatMap { $0 }.sorted(by: RankedRow.isBetter)
    }
  }

  /// Offers every allowed row of some segments to the collectors, one for each query of each group.
  private func scan<Collector: RowCollector>(
    _ segments: Range<Int>, _ groups: [QueryGroup], into collectors: inout [[Collector]]
  ) throws(IndexError) {
    try index.scratch.lend { (scratch) throws(IndexError) in
      for segment in segments {
        for rows in allowed.rows(ofSegment: segment, of: index.rows) {
          for i in groups.indices {
            try monitor?.check()
            try scan(rows, groups[i], into: &collectors[i], &scratch)
          }
        }
      }
    }
  }

  /// Sums the codes of some rows for a group, and selects for each query those that reach its cutoff.
  private func scan<Collector: RowCollector>(
    _ rows: ScannedRows, _ group: QueryGroup, into collectors: inout [Collector],
    _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    let hasSketch = index.shape.sketchColumns > 0
    try scanner.sumCodes(rows, group, 0..<group.count, &scratch)
    if hasSketch { try scanner.sumSketches(rows, group, &scratch) }
    // Held apart, so that what is selected can be written while these are read.
    let sums = scratch.sums
    try rows.withScalars(alignments: !hasSketch) { (scalars) throws(IndexError) in
      for query in 0..<group.count {
        if hasSketch { try scanner.addends(ofSketches: rows, group, query, &scratch) }
        let addends = hasSketch ? scratch.sketchAddends : []
        let first = query * RowSegment.rowCount
        try rows.select(
          SimilarityTerms(
            sums: sums.span.extracting(first..<first + rows.count), scalars, addends: addends.span),
          group.factors(query), into: &collectors[query], &scratch.selected, index.codec.kernels)
      }
    }
  }
}

/// All rows of at least a similarity.
struct RowsInRange: RankedRowCollector, Sendable {
  let cutoff: Float
  private(set) var rows: [RankedRow] = []

  init(cutoff: Float) { self.cutoff = cutoff }

  mutating func offer(_ row: RankedRow) { rows.append(row) }
}
