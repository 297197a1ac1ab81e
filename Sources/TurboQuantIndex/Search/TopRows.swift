internal import TurboQuantKernels

/// A row that may be among the best.
struct Candidate: Sendable {
  /// More is better.
  let key: Float
  let id: UInt64
  let slot: Int

  /// The total order of results: best first, then by id.
  static func isBetter(_ a: Candidate, _ b: Candidate) -> Bool {
    a.key != b.key ? a.key > b.key : a.id < b.id
  }
}

extension Span<Float> {
  /// A number that at least `count` of these reach, and few more; −∞ where there are not many.
  ///
  /// Of half as many groups again `count` have a largest of at least what is the `count`-th largest of the
  /// groups' largest.
  func floor(ofBest count: Int, _ kernels: Kernels) -> Float {
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

/// The best `limit` rows of those offered, in O(1) amortized an offer whatever the limit.
struct TopRows: Sendable {
  let limit: Int
  /// No row below it can be among the best any more.
  private(set) var threshold = -Float.infinity
  private var rows: [Candidate] = []

  init(_ limit: Int) {
    precondition(limit > 0)
    self.limit = limit
  }

  /// Spares the offer of most of the first rows: none below a key that `limit` of them reach can be among the
  /// best.
  mutating func begin(with keys: Span<Float>, _ kernels: Kernels) {
    threshold = max(threshold, keys.floor(ofBest: limit, kernels))
  }

  /// Takes a row into account.
  mutating func offer(_ row: Candidate) {
    guard row.key >= threshold else { return }
    rows.append(row)
    if rows.count >= limit + limit / 2 + 8 { prune() }
  }

  /// Takes the rows of another list into account.
  mutating func merge(_ other: TopRows) {
    for row in other.rows { offer(row) }
  }

  /// The best rows, best first.
  func sorted() -> [Candidate] {
    var best = self
    best.prune()
    return best.rows.sorted(by: Candidate.isBetter)
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
    threshold = rows.reduce(Float.infinity) { min($0, $1.key) }
  }

  /// Moves what is better than one row between `low` and `high` before it; returns that row's place.
  private mutating func partition(_ low: Int, _ high: Int) -> Int {
    let middle = low + (high - low) / 2
    if Candidate.isBetter(rows[middle], rows[low]) { rows.swapAt(low, middle) }
    if Candidate.isBetter(rows[high], rows[low]) { rows.swapAt(low, high) }
    if Candidate.isBetter(rows[high], rows[middle]) { rows.swapAt(middle, high) }
    rows.swapAt(middle, high)
    let pivot = rows[high]
    var place = low
    for i in low..<high where Candidate.isBetter(rows[i], pivot) {
      rows.swapAt(i, place)
      place += 1
    }
    rows.swapAt(place, high)
    return place
  }
}
