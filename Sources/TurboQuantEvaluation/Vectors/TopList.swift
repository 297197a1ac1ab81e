/// The best few rows so far, best first; rows with equal scores are in ascending order.
package struct TopList<Score: Comparable & Sendable>: Sendable {
  /// A row and its score.
  package struct Entry: Sendable {
    /// The row.
    package let row: Int
    /// Its score.
    package let score: Score
  }

  private let capacity: Int
  /// The best rows.
  package private(set) var entries: [Entry] = []

  /// Keeps up to `capacity` rows.
  package init(_ capacity: Int) { self.capacity = capacity }

  /// The best rows' numbers.
  package var rows: [Int] { entries.map(\.row) }

  /// Offers a row; rows must come in ascending order.
  package mutating func offer(_ row: Int, _ score: Score) {
    if entries.count == capacity {
      guard let last = entries.last, score > last.score else { return }
      entries.removeLast()
    }
    // Equal scores stay in front, so that the lower row comes first.
    var place = entries.count
    while place > 0, score > entries[place - 1].score { place -= 1 }
    entries.insert(Entry(row: row, score: score), at: place)
  }
}
