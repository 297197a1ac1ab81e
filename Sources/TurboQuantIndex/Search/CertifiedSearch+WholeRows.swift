// The rows that a certified search reads beyond their signs.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

extension Search {
  /// Reads some rows whole, and raises the cutoff if enough rows have been read.
  func read(
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
  func finish(
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
    try monitor?.check()
    return try index.scratch.lend { (scratch) throws(IndexError) in
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
