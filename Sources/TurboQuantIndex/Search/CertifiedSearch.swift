// Certified search: the first bits of a code show which rows need not be read whole.
//
//   1. Sum the signs of all rows; keep the sums.
//   2. Read the rows whole whose signs look best. The worst of the best among them is the cutoff.
//   3. Candidates are the rows whose signs leave a chance to reach it.
//   4. Of these, where the second bits can be read alone, keep those whose first two bits leave a chance.
//   5. Read what is left whole.

internal import TurboQuant
internal import TurboQuantKernels

extension Search {
  /// How many rows are read whole first, because their signs look best.
  var firstCount: Int { count + 22 }

  /// The best rows of every query of a group, whose queries have the given numbers.
  func certified(
    _ group: QueryGroup, _ numbers: Range<Int>, _ rule: CertificateRule, _ schedule: Schedule
  ) throws(IndexError) -> Found {
    let partitions = try schedule.mapPartitions(of: index.rows.segments.count) {
      (segments) throws(IndexError) in try scanSigns(segments, group, rule.certificate.signs)
    }
    defer { for partition in partitions { index.scratch.give(signSums: partition.sums) } }
    var found = Found()
    for query in 0..<group.count {
      if let rows = try certified(query, group, rule, partitions, schedule) {
        found.append(rows)
      } else {
        let number = numbers.lowerBound + query
        found.append(try exhaustive([self.group(number..<number + 1)], schedule))
      }
    }
    return found
  }

  /// The best rows of one query, or nil where an exhaustive search is the faster one.
  private func certified(
    _ query: Int, _ group: QueryGroup, _ rule: CertificateRule, _ partitions: [SignPartition],
    _ schedule: Schedule
  ) throws(IndexError) -> Found? {
    let first = firstSlots(query, partitions)
    var best = BestRows(count)
    let signs = partitions.count == 1 ? partitions[0].sums : nil
    try index.scratch.lend { (scratch) throws(IndexError) in
      try readWhole(first, query, group, signs, into: &best, &scratch)
    }
    // Nothing tells rows apart if the query is zero, or a zero row is among the best.
    guard let last = best.sorted().last,
      let cutoffs = rule.cutoffs(query, group, reaching: try SimilarityTarget(last, index.rows))
    else { return nil }
    let parallel = partitions.count
    let candidates = try schedule.map(parallel, threads: parallel) { (number) throws(IndexError) in
      try self.candidates(query, cutoffs.signs, partitions[number].sums, except: first)
    }
    // If one row in eight is a candidate, reading all rows is faster than gathering these.
    guard 8 * candidates.reduce(0, { $0 + $1.count }) <= allowed.count else { return nil }
    let parts = try schedule.map(parallel, threads: parallel) { (number) throws(IndexError) in
      try finish(
        candidates[number], query, group, cutoffs, partitions[number].sums,
        cutoff: last.similarity)
    }
    var read = first.count
    for part in parts {
      best.merge(part.best)
      read += part.read
    }
    return Found(
      rows: [best.sorted()], statistics: SearchStatistics(rows: allowed.count, finished: read))
  }
}

// MARK: Signs

/// What the signs of a partition's rows say about a group of queries.
private struct SignPartition: Sendable {
  let sums: SignSums
  /// The rows whose signs look best, for each query.
  let best: [BestSlots]
}

extension Search {
  /// Sums the sign planes of some segments, and finds the rows whose signs look best.
  private func scanSigns(
    _ segments: Range<Int>, _ group: QueryGroup, _ prefix: Certificate.Prefix
  ) throws(IndexError) -> SignPartition {
    try index.scratch.lend { (scratch) throws(IndexError) in
      var signs = SignSums(segments, queryCount: group.count, &scratch)
      var best = [BestSlots](repeating: BestSlots(firstCount), count: group.count)
      let factors = (0..<group.count).map {
        group.formulas[$0].factors(group.signScale($0, prefix))
      }
      for segment in segments {
        for rows in allowed.rows(ofSegment: segment, of: index.rows) {
          try scanner.sumSigns(rows, group, into: &signs)
          try rows.withScalars(alignments: false) { (scalars) throws(IndexError) in
            for query in 0..<group.count {
              try rows.select(
                SimilarityTerms(sums: signs.sums(query, of: rows), scalars), factors[query],
                into: &best[query], &scratch.selected, index.codec.kernels)
            }
          }
        }
      }
      return SignPartition(sums: signs, best: best)
    }
  }

  /// The slots of the rows whose signs look best for a query, ascending.
  private func firstSlots(_ query: Int, _ partitions: [SignPartition]) -> [UInt32] {
    var best = partitions[0].best[query]
    for partition in partitions.dropFirst() { best.merge(partition.best[query]) }
    return best.slots()
  }

  /// The slots, ascending, of the rows of a partition whose signs reach the cutoff, without those in `read`, also
  /// ascending.
  private func candidates(
    _ query: Int, _ cutoff: PrefixCutoff, _ signs: SignSums, except read: [UInt32]
  ) throws(IndexError) -> [UInt32] {
    try index.scratch.lend { (scratch) throws(IndexError) in
      var candidates = SlotList(cutoff: cutoff.similarity)
      for segment in signs.segments {
        for rows in allowed.rows(ofSegment: segment, of: index.rows) {
          try rows.withScalars(alignments: false) { (scalars) throws(IndexError) in
            try rows.select(
              SimilarityTerms(sums: signs.sums(query, of: rows), scalars), cutoff.factors,
              into: &candidates, &scratch.selected, index.codec.kernels)
          }
        }
      }
      return candidates.slots(except: read)
    }
  }
}

// MARK: Candidates

extension Search {
  /// Reads candidates whole, except those whose first two bits leave no chance to reach the cutoff.
  private func finish(
    _ candidates: [UInt32], _ query: Int, _ group: QueryGroup, _ cutoffs: CertificateRule.Cutoffs,
    _ signs: SignSums, cutoff: Float
  ) throws(IndexError) -> (best: BestRows, read: Int) {
    try index.scratch.lend { (scratch) throws(IndexError) in
      var slots = candidates
      if let (cutoff, scale) = cutoffs.twoBits {
        var left = SlotList(cutoff: cutoff.similarity)
        let steps = (signs: Float(scale.signs.step), seconds: Float(scale.seconds.step))
        try scratch.gather(.secondPlanes(alignments: false), slots, from: index.rows) {
          (rows, scratch) throws(IndexError) in
          try scanner.sumTwoPlanes(rows, query, group, signs, steps, &scratch)
          try select(rows, cutoff.factors, alignments: false, into: &left, &scratch)
        }
        slots = left.slots
      }
      var best = BestRows(count, cutoff: cutoff)
      try readWhole(slots, query, group, signs, into: &best, &scratch)
      return (best, slots.count)
    }
  }

  /// Offers rows to `best` by their whole codes.
  ///
  /// Where a code is the sum of its planes and float32 holds the sum exactly, only the second plane is read: `signs`
  /// has the sum of the first.
  private func readWhole(
    _ slots: [UInt32], _ query: Int, _ group: QueryGroup, _ signs: SignSums?,
    into best: inout BestRows, _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    let isSumOfPlanes = index.scanCodebook.areSumsOfPlanes && index.shape.codes.arePlaneSumsExact
    if isSumOfPlanes, let signs {
      try scratch.gather(.secondPlanes(alignments: true), slots, from: index.rows) {
        (rows, scratch) throws(IndexError) in
        try scanner.sumTwoPlanes(rows, query, group, signs, (signs: 1, seconds: 1), &scratch)
        try select(rows, group.factors(query), alignments: true, into: &best, &scratch)
      }
    } else {
      try scratch.gather(.codes, slots, from: index.rows) { (rows, scratch) throws(IndexError) in
        try scanner.sumCodes(rows, group, query..<query + 1, &scratch)
        try select(rows, group.factors(query), alignments: true, into: &best, &scratch)
      }
    }
  }

  /// Selects gathered rows by the sums in `scratch`.
  private func select<Collector: RowCollector>(
    _ rows: ScannedRows, _ factors: SimilarityFactors, alignments: Bool,
    into collector: inout Collector, _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    let sums = scratch.sums
    try rows.withScalars(alignments: alignments) { (scalars) throws(IndexError) in
      try rows.select(
        SimilarityTerms(sums: sums.span.extracting(first: rows.count), scalars), factors,
        into: &collector, &scratch.selected, index.codec.kernels)
    }
  }
}
