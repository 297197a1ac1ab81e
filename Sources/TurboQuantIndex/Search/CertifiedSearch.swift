// Certified search: the first bits of a code show which rows need not be read whole.
//
//   1. Sum the signs of some segments, and keep the sums. Read the rows whole whose signs look best. The worst of the
//      best among them is the cutoff; candidates are the rows whose signs leave a chance to reach it.
//   2. Sum the signs of the other segments, in stages. Keep the candidates alone. At the end of each stage, read the
//      best of them whole, which raises the cutoff.
//   3. Of the candidates, where the second bits can be read alone, keep those whose first two bits leave a chance.
//   4. Read what is left whole.
//
// From the second stage on, groups of queries take turns at each segment while it is in a near cache.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

/// How far a certified search of one query has come.
struct CertifiedQuery: Sendable {
  /// The best of the rows that have been read whole.
  var best: BestRows
  /// How many rows have been read whole.
  var read = 0
  /// The similarity of the last of the best, and what the first bits of other rows must show to reach it; nil while
  /// fewer rows have been read than are asked for.
  var cutoff: Cutoff?
  /// Whether all rows are read, because that is faster or first bits tell nothing.
  var isGivenUp = false

  typealias Cutoff = (similarity: Float, firstBits: CertificateRule.Cutoffs)
}

extension Search {
  /// Up to this many rows are all read.
  var mostWithoutCertificate: Int { firstCount }
  /// How many rows are read whole for the first and the last cutoff.
  var firstCount: Int { count + 22 }
  /// How many are read whole for a cutoff that later stages raise.
  private var fewRows: Int { count + 6 }
  /// If one row in eight is a candidate, reading all rows is faster than gathering these.
  var mostCandidates: Int { allowed.count / 8 }

  /// The best rows of every query of some groups, whose queries have the given numbers.
  func certified(
    _ groups: [QueryGroup], _ numbers: Range<Int>, _ rule: CertificateRule, _ schedule: Schedule
  ) throws(IndexError) -> Found {
    var queries = [CertifiedQuery](
      repeating: CertifiedQuery(best: BestRows(count)), count: numbers.count)
    var candidates = index.scratch.candidates(count: numbers.count)
    defer { index.scratch.give(candidates) }
    let stages = Stages.segments(of: index.rows.segments.count, first: firstStageCount)
    var first = 0
    for group in groups {
      let some = first..<first + group.count
      try begin(stages[0], group, rule, &queries[some], &candidates[some], schedule)
      first = some.upperBound
    }
    for (number, stage) in stages.enumerated().dropFirst() {
      try collect(stage, groups, &queries, &candidates, schedule)
      let limit = number == stages.count - 1 ? firstCount : fewRows
      try forEachQuery(of: groups) { (query, group, inGroup) throws(IndexError) in
        try raiseCutoff(&queries[query], &candidates[query], inGroup, group, rule, reading: limit)
      }
    }
    try forEachQuery(of: groups) { (query, group, inGroup) throws(IndexError) in
      try finish(&queries[query], &candidates[query], inGroup, group, schedule)
    }
    return try found(queries, numbers, schedule)
  }

  private func forEachQuery(
    of groups: [QueryGroup],
    _ body: (_ query: Int, _ group: QueryGroup, _ inGroup: Int) throws(IndexError) -> Void
  ) throws(IndexError) {
    var query = 0
    for group in groups {
      for inGroup in 0..<group.count {
        try body(query, group, inGroup)
        query += 1
      }
    }
  }

  /// What has been found; reads all rows for those queries that were given up.
  private func found(
    _ certified: [CertifiedQuery], _ numbers: Range<Int>, _ schedule: Schedule
  ) throws(IndexError) -> Found {
    var others = Found()
    let givenUp = certified.indices.filter { certified[$0].isGivenUp }
    if !givenUp.isEmpty {
      let some = givenUp.map { queries[numbers.lowerBound + $0] }
      others = try exhaustive(groups(of: some[...]), schedule)
    }
    var found = Found(statistics: others.statistics)
    var next = others.rows.makeIterator()
    for query in certified {
      if query.isGivenUp {
        found.rows += next.next().map { [$0] } ?? []
      } else {
        found.append(
          Found(
            rows: [query.best.sorted()],
            statistics: SearchStatistics(rows: allowed.count, finished: query.read)))
      }
    }
    return found
  }
}

// MARK: Later stages

extension Search {
  /// What makes similarities of sums of signs.
  func signFactors(
    _ query: Int, _ group: QueryGroup, _ rule: CertificateRule
  ) -> SimilarityFactors {
    group.formulas[query].factors(group.signScale(query, rule.certificate.signs))
  }

  /// Adds the candidates of a stage to those of every query.
  private func collect(
    _ stage: [Int], _ groups: [QueryGroup], _ queries: inout [CertifiedQuery],
    _ candidates: inout [RowList], _ schedule: Schedule
  ) throws(IndexError) {
    let asked = queries
    var partitions = try schedule.mapPartitions(of: stage.count) {
      (numbers) throws(IndexError) in try self.candidates(stage[numbers], groups, asked)
    }
    for query in queries.indices {
      for number in partitions.indices { candidates[query].take(&partitions[number][query]) }
      // Too many in one partition are too many in all: this does not depend on threads.
      if candidates[query].count > mostKept { queries[query].isGivenUp = true }
    }
    for partition in partitions { index.scratch.give(partition) }
  }

  /// The most candidates that are kept while the cutoff still rises.
  private var mostKept: Int { mostCandidates + 4 * RowSegment.rowCount }

  /// The candidates among the rows of some segments, for every query.
  private func candidates(
    _ segments: ArraySlice<Int>, _ groups: [QueryGroup], _ queries: [CertifiedQuery]
  ) throws(IndexError) -> [RowList] {
    var found = index.scratch.candidates(count: queries.count)
    try index.scratch.lend { (scratch) throws(IndexError) in
      for segment in segments {
        for rows in allowed.rows(ofSegment: segment, of: index.rows) {
          var first = 0
          for group in groups {
            try monitor?.check()
            let some = first..<first + group.count
            try select(rows, group, queries[some], into: &found, &scratch)
            first = some.upperBound
          }
        }
      }
    }
    return found
  }

  /// Selects candidates for a group's queries.
  private func select(
    _ rows: ScannedRows, _ group: QueryGroup, _ queries: ArraySlice<CertifiedQuery>,
    into found: inout [RowList], _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    scratch.reserve(queries: group.count, hasSketch: false)
    var output = scratch.sums.mutableSpan
    try scanner.sumSigns(rows, group, into: &output, stride: RowSegment.rowCount)
    let sums = scratch.sums
    try rows.withScalars(alignments: false) { scalars in
      for number in 0..<group.count {
        let (query, first) = (queries.startIndex + number, number * RowSegment.rowCount)
        guard !queries[query].isGivenUp, found[query].count <= mostKept else { continue }
        found[query].append(
          rows, SimilarityTerms(sums: sums.span.extracting(first..<first + rows.count), scalars),
          reaching: queries[query].cutoff?.firstBits.signs, index.codec.kernels, &scratch.selected)
      }
    }
  }

  /// Reads the `limit` candidates whose signs look best whole, and drops those that the new cutoff excludes.
  private func raiseCutoff(
    _ query: inout CertifiedQuery, _ candidates: inout RowList, _ number: Int, _ group: QueryGroup,
    _ rule: CertificateRule, reading limit: Int
  ) throws(IndexError) {
    guard !query.isGivenUp else { return }
    let (factors, kernels) = (signFactors(number, group, rule), index.codec.kernels)
    let places = index.scratch.lend { (scratch) in
      candidates.best(limit, factors, kernels, &scratch.selected)
    }
    let best = RowList(
      slots: places.map { candidates.slots[$0] }, sums: places.map { candidates.sums[$0] })
    try read(best, for: &query, number, group, rule)
    candidates.remove(places)
    guard let cutoff = query.cutoff else { return }
    index.scratch.lend { scratch in
      candidates.keep(reaching: cutoff.firstBits.signs, kernels, &scratch.selected)
    }
  }
}
