// Rows that may still be among the best of one query.

internal import TurboQuantKernels

extension RowList {
  /// Adds the allowed rows of a scan whose first bits reach a cutoff, or all where there is none; but no row of a sum of
  /// −∞, which has been read.
  mutating func append(
    _ rows: ScannedRows, _ terms: borrowing SimilarityTerms, reaching cutoff: PrefixCutoff?,
    _ kernels: Kernels, _ selected: inout SelectedRows
  ) {
    guard case .from(let first) = rows.slots else { return }
    kernels.selectRows(
      terms, cutoff?.factors ?? .none, allowed: rows.allowed.span,
      threshold: cutoff?.similarity ?? 0, into: &selected)
    append(selected, of: terms, slotsFrom: UInt32(first))
  }

  /// Keeps the rows whose first bits reach a cutoff.
  mutating func keep(
    reaching cutoff: PrefixCutoff, _ kernels: Kernels, _ selected: inout SelectedRows
  ) {
    var kept = 0
    for start in stride(from: 0, to: count, by: selected.capacity) {
      let some = start..<min(count, start + selected.capacity)
      kernels.selectRows(
        terms(some), cutoff.factors, allowed: Span(), threshold: cutoff.similarity, into: &selected)
      move(selected, from: start, to: kept)
      kept += selected.count
    }
    truncate(to: kept)
  }

  /// The places of the `limit` rows whose first bits give the highest similarities.
  func best(
    _ limit: Int, _ factors: SimilarityFactors, _ kernels: Kernels, _ selected: inout SelectedRows
  ) -> [Int] {
    var best = BestPlaces(limit)
    for start in stride(from: 0, to: count, by: selected.capacity) {
      let some = start..<min(count, start + selected.capacity)
      best.offer(
        terms(some), factors, allowed: Span(), place: start, slot: { slots[start + Int($0)] },
        kernels, &selected)
    }
    return best.places
  }
}

extension SimilarityFactors {
  /// Every similarity of a finite sum is 0; that of another is NaN, which reaches nothing.
  fileprivate static let none = SimilarityFactors(step: 0, offset: 0, normFactor: 0, constant: 0)
}
