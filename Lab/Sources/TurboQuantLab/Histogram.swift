/// Counts of numbers in equal cells of an interval; numbers outside count in the outermost cells.
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
    // Clamp first: only values in range can be converted to a whole number.
    let place = min(max((value - low) / width, 0), Double(counts.count) - 0.5)
    counts[Int(place)] += 1
    total += 1
  }

  /// The start of cell `i`; for `counts.count`, the end of the last cell.
  func edge(_ i: Int) -> Double { low + Double(i) * width }

  var centres: [Double] { counts.indices.map { edge($0) + width / 2 } }

  /// The share of each cell divided by its width.
  var density: [Double] { counts.map { Double($0) / Double(max(1, total)) / width } }

  /// The standard error of each density, for independent numbers.
  var densityError: [Double] {
    counts.map { Share.standardError(hits: Double($0), trials: Double(total)) / width }
  }

  /// The density of a law over the same interval, with `parts` points per cell.
  ///
  /// The density of a part is its probability divided by its width.
  func law(parts: Int, _ chance: (_ from: Double, _ to: Double) -> Double) -> Curve {
    let step = width / Double(parts)
    let starts = (0..<counts.count * parts).map { low + Double($0) * step }
    return Curve(
      x: starts.map { $0 + step / 2 }, y: starts.map { chance($0, $0 + step) / step })
  }
}

/// The points of a curve.
struct Curve {
  let x: [Double]
  let y: [Double]
}
