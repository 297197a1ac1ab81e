/// Rows that lie together, and are shared between copies of a cache.
enum Page {
  /// Rows of a page: enough that a page costs hardly more than its rows, few enough that a fork copies little.
  static let rowCount = 256

  /// The pages that `rows` of `count` fill, if they fill whole pages.
  static func whole(_ rows: Range<Int>, of count: Int) -> Range<Int>? {
    guard rows.lowerBound % rowCount == 0, rows.upperBound % rowCount == 0, rows.upperBound <= count
    else { return nil }
    return rows.lowerBound / rowCount..<rows.upperBound / rowCount
  }
}

/// The rows that are sealed together.
enum SealBatch {
  /// Two groups of keys; of values, as many tokens as complete all bit fields of their quads.
  static let rowCount = 32
}
