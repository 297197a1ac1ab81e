/// Counts of numbers in equal cells of an interval; what lies outside counts in the outermost cells.
struct Histogram {
  private let low: Double
  private let width: Double
  private(set) var counts: [Int]
  private(set) var total = 0

  init(from low: Double, to high: Double, cells: Int) {
    self.low = low
    width = (high - low) / Double(cells)
    counts = [Int](repeating: 0, count: cells)
  }

  mutating func add(_ value: Double) {
    // Compared before it is made a whole number, which only values in range have.
    let place = min(max((value - low) / width, 0), Double(counts.count) - 0.5)
    counts[Int(place)] += 1
    total += 1
  }

  /// Where cell `i` begins; cell `counts.count` begins where the last one ends.
  func edge(_ i: Int) -> Double { low + Double(i) * width }

  var centres: [Double] { counts.indices.map { edge($0) + width / 2 } }

  /// The share of each cell divided by its width.
  var density: [Double] { counts.map { Double($0) / Double(max(1, total)) / width } }

  /// The same for a law, given as the chance of an interval.
  func density(_ chance: (_ from: Double, _ to: Double) -> Double) -> [Double] {
    counts.indices.map { chance(edge($0), edge($0 + 1)) / width }
  }
}
