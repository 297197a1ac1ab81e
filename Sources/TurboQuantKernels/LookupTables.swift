internal import CTurboQuantKernels

/// The lookup tables of a column of eight coordinates.
///
/// Whose coordinates each table's index holds, and what its sixteen entries stand for; `ctq_kernels.h` says
/// which bit of an index is whose.
package struct LookupTables: Sendable {
  private let coordinates: [UInt8]
  private let factors: [Float]
  /// Tables of a column.
  package let count: Int
  /// Coordinates of a table.
  private let width: Int
  /// The largest factor of an entry.
  private let largestFactor: Float

  /// Tables that each hold as many coordinates, with the factors of each coordinate in sixteen entries.
  package init(_ tables: [(coordinates: [Int], factors: [SIMD16<Float>])]) {
    count = tables.count
    width = tables.first?.coordinates.count ?? 0
    for table in tables {
      precondition(table.coordinates.count == width && table.factors.count == width)
      precondition(table.coordinates.allSatisfy { (0..<8).contains($0) })
    }
    coordinates = tables.flatMap { $0.coordinates.map { UInt8($0) } }
    factors = tables.flatMap { $0.factors.flatMap { vector in (0..<16).map { vector[$0] } } }
    largestFactor = factors.max() ?? 0
  }

  /// The most that each table's sum of products can be, column by column; `u` has eight values a column.
  package func halfWidths(_ u: Span<Float>) -> [Float] {
    precondition(u.count % 8 == 0)
    var halves: [Float] = []
    halves.reserveCapacity(u.count / 8 * count)
    for column in 0..<u.count / 8 {
      for table in 0..<count {
        var sum: Float = 0
        for k in table * width..<(table + 1) * width {
          sum += abs(u[8 * column + Int(coordinates[k])])
        }
        halves.append(sum * largestFactor)
      }
    }
    return halves
  }

  /// Appends every table's sixteen entries, (half + Σ factor · u) · `inverse` rounded, where scans want them.
  package func fill(
    _ u: Span<Float>, halves: Span<Float>, inverse: Float, appendingTo entries: inout [UInt8]
  ) {
    precondition(u.count % 8 == 0 && halves.count == u.count / 8 * count)
    let start = entries.count
    let units = (u.count / 8 + Int(CTQ_UNIT_COLUMNS) - 1) / Int(CTQ_UNIT_COLUMNS)
    entries.append(contentsOf: repeatElement(0, count: 16 * units * Int(CTQ_UNIT_COLUMNS) * count))
    var target = entries.mutableSpan
    unsafe u.withUnsafeBufferPointer { u in
      unsafe halves.withUnsafeBufferPointer { halves in
        unsafe coordinates.withUnsafeBufferPointer { coordinates in
          unsafe factors.withUnsafeBufferPointer { factors in
            unsafe target.withUnsafeMutableBufferPointer { entries in
              unsafe ctq_fill_tables(
                u.baseAddress, u.count / 8, coordinates.baseAddress, factors.baseAddress, count,
                width, halves.baseAddress, inverse,
                entries.baseAddress.map { unsafe $0 + start })
            }
          }
        }
      }
    }
  }
}
