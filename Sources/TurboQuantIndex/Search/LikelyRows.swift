internal import TurboQuantKernels

/// The `limit` rows whose signs look best of those offered, in O(1) amortized an offer whatever the limit.
///
/// A key and a slot are one whole number: the keys' order, and among equal keys the first slot's, so that
/// threads cannot change the choice.
struct LikelyRows: Sendable {
  let limit: Int
  /// No row below it can be among the best any more.
  private(set) var threshold = -Float.infinity
  private var rows: [UInt64] = []

  init(_ limit: Int) {
    precondition(limit > 0)
    self.limit = limit
  }

  /// Spares the offer of most of the first rows, as ``TopRows/begin(with:_:)`` does.
  mutating func begin(with keys: Span<Float>, _ kernels: Kernels) {
    threshold = max(threshold, keys.floor(ofBest: limit, kernels))
  }

  /// Takes rows into account, which count from slot `first`.
  mutating func offer(_ selected: borrowing SelectedRows, first: UInt32) {
    let (keys, numbers) = (selected.similarities, selected.rows)
    for i in keys.indices where keys[i] >= threshold {
      rows.append(UInt64(LikelyRows.ordered(keys[i])) << 32 | UInt64(~(first + numbers[i])))
      if rows.count >= 4 * limit { prune() }
    }
  }

  /// Takes the rows of another list into account.
  mutating func merge(_ other: LikelyRows) {
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
  private static func ordered(_ key: Float) -> UInt32 {
    // Both zeros are one number.
    let bits = (key + 0).bitPattern
    return bits >> 31 == 1 ? ~bits : bits | 1 << 31
  }

  private static func key(_ ordered: UInt32) -> Float {
    Float(bitPattern: ordered >> 31 == 1 ? ordered & ~(1 << 31) : ~ordered)
  }

  /// Keeps the best `limit` rows, in any order, by quickselect.
  private mutating func prune() {
    guard rows.count > limit else { return }
    var (low, high) = (0, rows.count - 1)
    // All before `low` are better than all from it on, and all beyond `high` worse than all up to it.
    while low < high {
      let pivot = LikelyRows.median(rows[low], rows[(low + high) / 2], rows[high])
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
    threshold = LikelyRows.key(UInt32(truncatingIfNeeded: worst >> 32))
  }

  private static func median(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
    max(min(a, b), min(max(a, b), c))
  }
}
