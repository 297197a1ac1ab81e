// The first stage of a certified search, which has no cutoff: sums are kept until there is one.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

/// What the signs of some segments say about a group of queries.
private struct FirstSums: Sendable {
  var sums: SignSums
  /// The places of the rows whose signs look best, for each query.
  let best: [BestPlaces]
}

extension Search {
  /// Finds the first cutoff and the first candidates of a group's queries.
  func begin(
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
          try monitor?.check()
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
          try monitor?.check()
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
}
