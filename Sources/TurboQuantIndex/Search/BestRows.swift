// The rows that a search returns: how they are ordered, and how the best of many are kept.

internal import TurboQuantKernels

/// A row and what it is ranked by.
struct RankedRow: Sendable {
  /// More is better.
  let similarity: Float
  let id: UInt64
  let slot: Int

  /// The total order of results: best first, then by id.
  static func isBetter(_ a: RankedRow, _ b: RankedRow) -> Bool {
    a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id
  }
}

extension Span<Float> {
  /// A lower bound for the `count`-th largest value, close to it; −∞ where there are few values.
  ///
  /// Split the values into 1.5 × `count` groups; the `count`-th largest group maximum is a lower bound for the
  /// `count`-th largest value.
  func lowerBound(ofBest count: Int, _ kernels: Kernels) -> Float {
    let groups = count + count / 2 + 6
    guard self.count >= 4 * groups else { return -.infinity }
    let size = self.count / groups
    var largest = (0..<groups).map {
      kernels.largest(extracting(size * $0..<size * ($0 + 1)))
    }
    largest.sort()
    return largest[groups - count]
  }
}

/// The best `limit` rows of those offered; an offer takes O(1) amortized, whatever the limit.
struct BestRows: RankedRowCollector, Sendable {
  let limit: Int
  /// No row of a lower similarity can be among the best.
  private(set) var cutoff: Float
  private var rows: [RankedRow] = []

  /// Keeps `limit` rows of those that reach a cutoff.
  init(_ limit: Int, cutoff: Float = -.infinity) {
    precondition(limit > 0)
    self.limit = limit
    self.cutoff = cutoff
  }

  /// Most of the first rows need no offer: none is among the best if `limit` others have a higher similarity.
  mutating func raiseCutoff(with similarities: Span<Float>, _ kernels: Kernels) {
    cutoff = max(cutoff, similarities.lowerBound(ofBest: limit, kernels))
  }

  /// Takes a row into account.
  mutating func offer(_ row: RankedRow) {
    guard row.similarity >= cutoff else { return }
    rows.append(row)
    if rows.count >= limit + limit / 2 + 8 { prune() }
  }

  /// Takes the rows of another list into account.
  mutating func merge(_ other: BestRows) {
    for row in other.rows { offer(row) }
  }

  /// The last of the best rows, nil where there are fewer than `limit`.
  var last: RankedRow? {
    let rows = sorted()
    return rows.count == limit ? rows.last : nil
  }

  /// The best rows, best first.
  func sorted() -> [RankedRow] {
    var best = self
    best.prune()
    return best.rows.sorted(by: RankedRow.isBetter)
  }

  /// Keeps the best `limit` rows, in any order.
  private mutating func prune() {
    guard rows.count > limit else { return }
    // Quickselect, its pivot the median of three.
    var (low, high) = (0, rows.count - 1)
    while low < high {
      let boundary = partition(low, high)
      if boundary >= limit { high = boundary - 1 } else { low = boundary + 1 }
      if boundary == limit - 1 || boundary == limit { break }
    }
    rows.removeLast(rows.count - limit)
    cutoff = rows.reduce(Float.infinity) { min($0, $1.similarity) }
  }

  /// Moves what is better than one row between `low` and `high` before it; returns that row's place.
  private mutating func partition(_ low: Int, _ high: Int) -> Int {
    let middle = low + (high - low) / 2
    if RankedRow.isBetter(rows[middle], rows[low]) { rows.swapAt(low, middle) }
    if RankedRow.isBetter(rows[high], rows[low]) { rows.swapAt(low, high) }
    if RankedRow.isBetter(rows[high], rows[middle]) { rows.swapAt(middle, high) }
    rows.swapAt(middle, high)
    let pivot = rows[high]
    var place = low
    for i in low..<high where RankedRow.isBetter(rows[i], pivot) {
      rows.swapAt(i, place)
      place += 1
    }
    rows.swapAt(place, high)
    return place
  }
}
