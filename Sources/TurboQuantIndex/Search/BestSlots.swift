// The rows that are read whole first.

internal import TurboQuantKernels

/// The slots of the `limit` rows whose first bits give the highest similarities; an offer takes O(1) amortized,
/// whatever the limit.
///
/// A similarity and a slot are one whole number, ordered by similarity, then by the lower slot, so that the choice does
/// not depend on the number of threads.
struct BestSlots: RowCollector, Sendable {
  let limit: Int
  /// No row of a lower similarity can be among the best.
  private(set) var cutoff = -Float.infinity
  private var rows: [UInt64] = []

  init(_ limit: Int) {
    precondition(limit > 0)
    self.limit = limit
  }

  mutating func raiseCutoff(with similarities: Span<Float>, _ kernels: Kernels) {
    cutoff = max(cutoff, similarities.lowerBound(ofBest: limit, kernels))
  }

  mutating func take(_ selected: borrowing SelectedRows, from rows: ScannedRows) {
    guard case .from(let slot) = rows.slots else { return }
    let (similarities, numbers, first) = (selected.similarities, selected.rows, UInt32(slot))
    // Pruning raises the cutoff.
    for i in similarities.indices where similarities[i] >= cutoff {
      self.rows.append(
        UInt64(BestSlots.ordered(similarities[i])) << 32 | UInt64(~(first + numbers[i])))
      if self.rows.count >= 4 * limit { prune() }
    }
  }

  /// Takes the rows of another list into account.
  mutating func merge(_ other: BestSlots) {
    rows += other.rows
    prune()
  }

  /// The slots of the best rows, ascending.
  func slots() -> [UInt32] {
    var best = self
    best.prune()
    return best.rows.map { ~UInt32(truncatingIfNeeded: $0) }.sorted()
  }

  /// Bits whose order is that of finite floats and infinities.
  private static func ordered(_ similarity: Float) -> UInt32 {
    // Both zeros are one number.
    let bits = (similarity + 0).bitPattern
    return bits >> 31 == 1 ? ~bits : bits | 1 << 31
  }

  private static func similarity(_ ordered: UInt32) -> Float {
    Float(bitPattern: ordered >> 31 == 1 ? ordered & ~(1 << 31) : ~ordered)
  }

  /// Keeps the best `limit` rows, in any order, by quickselect.
  private mutating func prune() {
    guard rows.count > limit else { return }
    var (low, high) = (0, rows.count - 1)
    // All before `low` are better than all from it on, and all beyond `high` worse than all up to it.
    while low < high {
      let pivot = BestSlots.median(rows[low], rows[(low + high) / 2], rows[high])
      var (i, j) = (low, high)
      while i <= j {
        while rows[i] > pivot { i += 1 }
        while rows[j] < pivot { j -= 1 }
        guard i <= j else { break }
        rows.swapAt(i, j)
        i += 1
        j -= 1
      }
      if limit - 1 <= j { high = j } else if limit - 1 >= i { low = i } else { break }
    }
    rows.removeLast(rows.count - limit)
    let worst = rows.reduce(UInt64.max) { min($0, $1) }
    cutoff = BestSlots.similarity(UInt32(truncatingIfNeeded: worst >> 32))
  }

  private static func median(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
    max(min(a, b), min(max(a, b), c))
  }
}
