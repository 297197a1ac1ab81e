// The rows whose first bits look best.

internal import TurboQuantKernels

/// The places of the `limit` rows whose first bits give the highest similarities, equal ones by the lower slot.
///
/// A similarity and a slot are one whole number, so that the choice does not depend on the order of offers.
struct BestPlaces: Sendable {
  let limit: Int
  /// No row of a lower similarity can be among the best.
  private(set) var cutoff = -Float.infinity
  private var rows: [(key: UInt64, place: Int)] = []

  init(_ limit: Int) {
    precondition(limit > 0)
    self.limit = limit
  }

  /// Takes some of consecutive places into account, whose similarities are made of `terms`.
  mutating func offer(
    _ terms: borrowing SimilarityTerms, _ factors: SimilarityFactors, allowed: Span<UInt32>,
    place: Int, slot: (_ row: UInt32) -> UInt32, _ kernels: Kernels,
    _ selected: inout SelectedRows
  ) {
    kernels.selectRows(
      terms, factors, allowed: allowed, threshold: cutoff,
      begin: { similarities in
        cutoff = similarities.lowerBound(ofBest: limit, kernels)
        return cutoff
      }, into: &selected)
    let (similarities, numbers) = (selected.similarities, selected.rows)
    for i in numbers.indices {
      let key = BestPlaces.key(similarities[i], slot(numbers[i]))
      rows.append((key, place + Int(numbers[i])))
    }
    if rows.count >= 4 * limit { prune() }
  }

  /// Takes the rows of another list into account, whose places are counted from `place` on.
  mutating func merge(_ other: BestPlaces, at place: Int) {
    for row in other.rows { rows.append((row.key, place + row.place)) }
    prune()
  }

  /// The places of the best rows, ascending.
  var places: [Int] {
    var best = self
    best.prune()
    return best.rows.map(\.place).sorted()
  }

  /// Keeps the best `limit` rows, in any order, by quickselect.
  private mutating func prune() {
    guard rows.count > limit else { return }
    var (low, high) = (0, rows.count - 1)
    // All before `low` are better than all from it on, and all beyond `high` worse than all up to it.
    while low < high {
      let pivot = BestPlaces.median(rows[low].key, rows[(low + high) / 2].key, rows[high].key)
      var (i, j) = (low, high)
      while i <= j {
        while rows[i].key > pivot { i += 1 }
        while rows[j].key < pivot { j -= 1 }
        guard i <= j else { break }
        rows.swapAt(i, j)
        i += 1
        j -= 1
      }
      if limit - 1 <= j { high = j } else if limit - 1 >= i { low = i } else { break }
    }
    rows.removeLast(rows.count - limit)
    cutoff = BestPlaces.similarity(rows.reduce(UInt64.max) { min($0, $1.key) })
  }

  private static func median(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
    max(min(a, b), min(max(a, b), c))
  }

  /// Higher for a higher similarity and, where these are equal, for a lower slot.
  private static func key(_ similarity: Float, _ slot: UInt32) -> UInt64 {
    // Both zeros are one number.
    let bits = (similarity + 0).bitPattern
    return UInt64(bits >> 31 == 1 ? ~bits : bits | 1 << 31) << 32 | UInt64(~slot)
  }

  private static func similarity(_ key: UInt64) -> Float {
    let bits = UInt32(truncatingIfNeeded: key >> 32)
    return Float(bitPattern: bits >> 31 == 1 ? bits & ~(1 << 31) : ~bits)
  }
}
