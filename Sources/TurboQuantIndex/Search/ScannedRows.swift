// The rows that one call of a kernel sums, and the one place where sums become similarities and rows are selected.

internal import TurboQuant
internal import TurboQuantKernels

/// Rows that are scanned in one call: consecutive blocks of a segment, or single rows gathered into blocks.
struct ScannedRows {
  let segment: RowSegment
  let blocks: Range<Int>
  /// How many rows of the blocks are in use.
  let count: Int
  /// A bit for each row that may be returned, a word per block; nothing where all may.
  let allowed: ArraySlice<UInt32>
  let slots: Slots

  /// Which slots of the store the rows come from.
  enum Slots {
    /// From one slot on.
    case from(Int)
    /// Each row's own.
    case gathered([UInt32], RowStore)
  }

  /// How many of them may be returned.
  var allowedCount: Int {
    allowed.isEmpty ? count : allowed.reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// Lends the row scalars that similarities are made of.
  func withScalars<R>(
    alignments: Bool, _ body: (SimilarityScalars) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    try segment.withScalars(blocks, alignments: alignments, body)
  }

  /// Selects the allowed rows whose similarity, made of `terms` by `factors`, is at least the cutoff of `collector`,
  /// which takes them.
  func select<Collector: RowCollector>(
    _ terms: borrowing SimilarityTerms, _ factors: SimilarityFactors,
    into collector: inout Collector,
    _ selected: inout SelectedRows, _ kernels: Kernels
  ) throws(IndexError) {
    kernels.selectRows(
      terms, factors, allowed: allowed.span, threshold: collector.cutoff,
      begin: { similarities in
        collector.raiseCutoff(with: similarities, kernels)
        return collector.cutoff
      }, into: &selected)
    guard selected.count > 0 else { return }
    try collector.take(selected, from: self)
  }
}

/// Who takes the rows that are selected for one query.
protocol RowCollector {
  /// Rows of a lower similarity are not wanted.
  var cutoff: Float { get }

  /// May raise a cutoff of −∞ before the first rows, of the given similarities, are selected.
  mutating func raiseCutoff(with similarities: Span<Float>, _ kernels: Kernels)

  /// Takes rows, of which there is at least one, in ascending order.
  mutating func take(_ selected: borrowing SelectedRows, from rows: ScannedRows) throws(IndexError)
}

extension RowCollector {
  mutating func raiseCutoff(with similarities: Span<Float>, _ kernels: Kernels) {}
}

/// A collector of rows with their ids.
protocol RankedRowCollector: RowCollector {
  /// Takes one row, which reaches the cutoff.
  mutating func offer(_ row: RankedRow)
}

extension RankedRowCollector {
  mutating func take(
    _ selected: borrowing SelectedRows, from rows: ScannedRows
  ) throws(IndexError) {
    let (similarities, numbers) = (selected.similarities, selected.rows)
    switch rows.slots {
    case .from(let first):
      try rows.segment.withBytes(of: .ids, rows.blocks) { ids in
        // Each offer may raise the cutoff.
        for i in similarities.indices where similarities[i] >= cutoff {
          let row = Int(numbers[i])
          offer(
            RankedRow(
              similarity: similarities[i], id: ids.uint64(at: 8 * row), slot: first + row))
        }
      }
    case .gathered(let slots, let store):
      for i in similarities.indices where similarities[i] >= cutoff {
        let slot = Int(slots[Int(numbers[i])])
        offer(RankedRow(similarity: similarities[i], id: try store.id(at: slot), slot: slot))
      }
    }
  }
}
