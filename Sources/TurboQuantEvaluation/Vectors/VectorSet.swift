internal import TurboQuant

/// Vectors in memory, row after row.
package struct VectorSet: Sendable {
  /// The floats of all rows, rows × dimension of them.
  package let values: [Float]
  /// The number of coordinates.
  package let dimension: Int

  /// Wraps rows that lie one after another.
  package init(values: [Float], dimension: Int) {
    self.values = values
    self.dimension = dimension
  }

  /// The number of vectors.
  package var count: Int { values.count / dimension }

  /// The place of some rows' floats in `values`.
  package func floats(_ rows: Range<Int>) -> Range<Int> {
    rows.lowerBound * dimension..<rows.upperBound * dimension
  }

  /// ‖x‖ of every row.
  package var norms: [Double] { (0..<count).map { norm(of: $0) } }

  /// ‖x‖ of one row.
  package func norm(of row: Int) -> Double {
    values[floats(row..<row + 1)].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// All rows scaled to length 1; zero rows stay zero.
  package var directions: VectorSet {
    var values = values
    for (row, norm) in norms.enumerated() where norm > 0 {
      for i in floats(row..<row + 1) { values[i] = Float(Double(values[i]) / norm) }
    }
    return VectorSet(values: values, dimension: dimension)
  }

  /// Splits off `queryCount` rows, chosen by `seed`, as queries; rows and queries keep their order.
  package func splittingOff(queryCount: Int, seed: UInt64) -> (rows: VectorSet, queries: VectorSet)
  {
    var stream = RandomStream(seed: seed, purpose: .sampling)
    var chosen: Set<Int> = []
    while chosen.count < min(queryCount, count) {
      chosen.insert(Int(stream.nextInteger(below: UInt32(clamping: count))))
    }
    var (kept, taken): ([Float], [Float]) = ([], [])
    for row in 0..<count {
      if chosen.contains(row) {
        taken += values[floats(row..<row + 1)]
      } else {
        kept += values[floats(row..<row + 1)]
      }
    }
    return (
      VectorSet(values: kept, dimension: dimension), VectorSet(values: taken, dimension: dimension)
    )
  }

  /// Unit vectors drawn uniformly from the sphere.
  package static func gaussian(count: Int, dimension: Int, seed: UInt64) -> VectorSet {
    var stream = RandomStream(seed: seed, purpose: .testData)
    var values: [Float] = []
    values.reserveCapacity(count * dimension)
    for _ in 0..<count {
      let row = (0..<dimension).map { _ in stream.nextNormal() }
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      values += row.map { Float($0 / norm) }
    }
    return VectorSet(values: values, dimension: dimension)
  }
}
