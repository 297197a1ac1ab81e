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
  private var firstCount: Int { count + 22 }
  /// How many are read whole for a cutoff that later stages raise.
  private var fewRows: Int { count + 6 }
  /// If one row in eight is a candidate, reading all rows is faster than gathering these.
  private var mostCandidates: Int { allowed.count / 8 }

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

// MARK: The first stage

/// What the signs of some segments say about a group of queries.
private struct FirstSums: Sendable {
  var sums: SignSums
  /// The places of the rows whose signs look best, for each query.
  let best: [BestPlaces]
}

extension Search {
  /// Finds the first cutoff and the first candidates of a group's queries.
  private func begin(
    _ stage: [Int], _ group: QueryGroup, _ rule: CertificateRule,
    _ queries: inout ArraySlice<CertifiedQuery>, _ candidates: inout ArraySlice<RowList>,
    _ schedule: Schedule
  ) throws(IndexError) {
    var partitions = try schedule.mapPartitions(of: stage.count) { (numbers) throws(IndexError) in
      try firstSums(Array(stage[numbers]), group, rule)
    }
    defer { for partition in partitions { index.scratch.give(partition.sums) } }
    for number in 0..<group.count {
      let first = takeFirstRows(number, &partitions)
      try read(first, for: &queries[queries.startIndex + number], number, group, rule)
    }
    let (asked, sums) = (Array(queries), partitions.map(\.sums))
    var lists = try schedule.map(sums.count, threads: sums.count) { (number) throws(IndexError) in
      try firstCandidates(sums[number], asked)
    }
    for number in 0..<group.count {
      for i in lists.indices { candidates[candidates.startIndex + number].take(&lists[i][number]) }
    }
    for list in lists { index.scratch.give(list) }
  }

  /// Sums the sign planes of some segments, and finds the rows whose signs look best.
  private func firstSums(
    _ segments: [Int], _ group: QueryGroup, _ rule: CertificateRule
  ) throws(IndexError) -> FirstSums {
    try index.scratch.lend { (scratch) throws(IndexError) in
      var signs = SignSums(segments, queryCount: group.count, &scratch)
      var best = [BestPlaces](repeating: BestPlaces(firstCount), count: group.count)
      let factors = (0..<group.count).map { signFactors($0, group, rule) }
      for (position, segment) in segments.enumerated() {
        for rows in allowed.rows(ofSegment: segment, of: index.rows) {
          let place = signs.place(of: rows, at: position)
          try signs.withSums(from: place) { (sums, stride) throws(IndexError) in
            try scanner.sumSigns(rows, group, into: &sums, stride: stride)
          }
          try rows.withScalars(alignments: false) { scalars in
            for query in 0..<group.count {
              best[query].offer(
                SimilarityTerms(sums: signs.sums(query, place, rows.count), scalars),
                factors[query], allowed: rows.allowed.span, place: place,
                slot: { signs.slot(place + Int($0)) }, index.codec.kernels, &scratch.selected)
            }
          }
        }
      }
      return FirstSums(sums: signs, best: best)
    }
  }

  /// The rows whose signs look best for a query; none of them will be a candidate.
  private func takeFirstRows(_ query: Int, _ partitions: inout [FirstSums]) -> RowList {
    var best = BestPlaces(firstCount)
    var starts: [Int] = []
    var count = 0
    for partition in partitions {
      starts.append(count)
      best.merge(partition.best[query], at: count)
      count += partition.sums.count
    }
    var (slots, sums): ([UInt32], [Float]) = ([], [])
    for place in best.places {
      let number = (starts.lastIndex { $0 <= place }) ?? 0
      let own = place - starts[number]
      slots.append(partitions[number].sums.slot(own))
      sums.append(partitions[number].sums.sum(query, own))
      partitions[number].sums.markAsRead(query, own)
    }
    return RowList(slots: slots, sums: sums)
  }

  /// The candidates among rows whose sums have been kept, for each query of a group.
  private func firstCandidates(
    _ signs: SignSums, _ queries: [CertifiedQuery]
  ) throws(IndexError) -> [RowList] {
    var found = index.scratch.candidates(count: queries.count)
    try index.scratch.lend { (scratch) throws(IndexError) in
      for (position, segment) in signs.segments.enumerated() {
        for rows in allowed.rows(ofSegment: segment, of: index.rows) {
          let place = signs.place(of: rows, at: position)
          try rows.withScalars(alignments: false) { scalars in
            for query in queries.indices where !queries[query].isGivenUp {
              found[query].append(
                rows, SimilarityTerms(sums: signs.sums(query, place, rows.count), scalars),
                reaching: queries[query].cutoff?.firstBits.signs, index.codec.kernels,
                &scratch.selected)
            }
          }
        }
      }
    }
    return found
  }

  /// What makes similarities of sums of signs.
  private func signFactors(
    _ query: Int, _ group: QueryGroup, _ rule: CertificateRule
  ) -> SimilarityFactors {
    group.formulas[query].factors(group.signScale(query, rule.certificate.signs))
  }
}

// MARK: Later stages

extension Search {
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

// MARK: Whole codes

extension Search {
  /// Reads some rows whole, and raises the cutoff if enough rows have been read.
  private func read(
    _ rows: RowList, for query: inout CertifiedQuery, _ number: Int, _ group: QueryGroup,
    _ rule: CertificateRule
  ) throws(IndexError) {
    try index.scratch.lend { (scratch) throws(IndexError) in
      try readWhole(rows, number, group, into: &query.best, &scratch)
    }
    query.read += rows.count
    guard let last = query.best.last else { return }
    let target = try SimilarityTarget(last, index.rows)
    if let firstBits = rule.cutoffs(number, group, reaching: target) {
      query.cutoff = (last.similarity, firstBits)
    } else {
      // Nothing tells rows apart if the query is zero, or a zero row is among the best.
      query.isGivenUp = true
    }
  }

  /// Reads the candidates of a query, unless there are too many.
  private func finish(
    _ query: inout CertifiedQuery, _ candidates: inout RowList, _ number: Int, _ group: QueryGroup,
    _ schedule: Schedule
  ) throws(IndexError) {
    query.isGivenUp = query.isGivenUp || candidates.count > mostCandidates
    guard !query.isGivenUp else { return }
    let cutoff = query.cutoff
    if schedule.partitionCount(of: candidates.count) == 1 {
      let best = try readCandidates(&candidates, cutoff, number, group)
      query.best.merge(best)
      query.read += candidates.count
      return
    }
    let all = candidates
    let parts = try schedule.mapPartitions(of: all.count) { (places) throws(IndexError) in
      var some = RowList()
      some.append(places, of: all)
      let best = try readCandidates(&some, cutoff, number, group)
      return (best, some.count)
    }
    for (best, count) in parts {
      query.best.merge(best)
      query.read += count
    }
  }

  /// Reads candidates whole, except those whose first two bits leave no chance to reach the cutoff; these are removed.
  private func readCandidates(
    _ rows: inout RowList, _ cutoff: CertifiedQuery.Cutoff?, _ number: Int, _ group: QueryGroup
  ) throws(IndexError) -> BestRows {
    try index.scratch.lend { (scratch) throws(IndexError) in
      if let (twoBits, scale) = cutoff?.firstBits.twoBits {
        try addSeconds(to: &rows, number, group, scale, &scratch)
        rows.keep(reaching: twoBits, index.codec.kernels, &scratch.selected)
      }
      var best = BestRows(count, cutoff: cutoff?.similarity ?? -.infinity)
      try readWhole(rows, number, group, into: &best, &scratch)
      return best
    }
  }

  /// Puts sums of two bits in the place of the sums of signs.
  private func addSeconds(
    to list: inout RowList, _ query: Int, _ group: QueryGroup, _ scale: TwoPlaneScale,
    _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    let slots = list.slots.copied()
    try scratch.gather(.secondPlanes, slots.span, from: index.rows) {
      (rows, places, scratch) throws(IndexError) in
      try scanner.sumSeconds(rows, query, group, &scratch)
      list.combineSums(
        from: places.lowerBound, times: Float(scale.signs.step),
        scratch.sums.span.extracting(first: places.count), times: Float(scale.seconds.step))
    }
  }

  /// Offers rows to `best` by their whole codes; their sums are those of their signs.
  ///
  /// Where a code is the sum of its planes and float32 holds the sum exactly, only the second plane is read.
  private func readWhole(
    _ list: RowList, _ query: Int, _ group: QueryGroup, into best: inout BestRows,
    _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    let isSum = index.scanCodebook.areSumsOfPlanes && index.shape.codes.arePlaneSumsExact
    try scratch.gather(isSum ? .secondPlanesWithScalars : .codes, list.slots, from: index.rows) {
      (rows, places, scratch) throws(IndexError) in
      if isSum {
        try scanner.sumSeconds(rows, query, group, &scratch)
        let signs = list.sums.extracting(places)
        for i in signs.indices { scratch.sums[i] += signs[i] }
      } else {
        try scanner.sumCodes(rows, group, query..<query + 1, &scratch)
      }
      let sums = scratch.sums
      try rows.withScalars(alignments: true) { (scalars) throws(IndexError) in
        try rows.select(
          SimilarityTerms(sums: sums.span.extracting(first: rows.count), scalars),
          group.factors(query), into: &best, &scratch.selected, index.codec.kernels)
      }
    }
  }
}
