internal import TurboQuant
internal import TurboQuantKernels

/// Vectors to be stored for exact comparison.
struct OriginalRows: Sendable {
  /// From here on, numbers would not round to the largest float16 but be cut to it.
  static let halfRangeEnd: Float = 65_520

  private let vectors: [Float]
  private let originals: Originals?
  private let kernels: Kernels

  /// Vectors to be stored in the form that `originals` names; not at all if it is nil.
  ///
  /// - Throws: ``IndexError`` for a row that float16 cannot hold.
  init(
    _ vectors: [Float], _ originals: Originals?, dimension: Int, _ kernels: Kernels
  ) throws(IndexError) {
    if originals == .float16 {
      try HalfRange(dimension: dimension, kernels).check(vectors)
    }
    self.vectors = vectors
    self.originals = originals
    self.kernels = kernels
  }

  /// Writes coordinates in their stored form to byte `offset` of `target`; coordinates are numbered over all rows.
  func write(_ places: Range<Int>, to target: inout MutableRawSpan, at offset: Int) {
    let some = vectors.span.extracting(places)
    switch originals {
    case .float32: target.copyBytes(of: some.raw, to: offset)
    case .float16: kernels.narrow(some, into: &target, at: offset)
    case nil: break
    }
  }
}

/// Decides which rows float16 can hold: those that rounding moves by at most 2⁻¹⁰ of their length.
///
/// Rounding moves a coordinate of 2⁻¹⁴ … 65,504 by at most 2⁻¹¹ of itself, a smaller one by at most 2⁻²⁵.
/// A row of d coordinates whose largest is at least 2⁻¹⁴√d is thus moved by at most
/// √(2⁻²²‖x‖² + d · 2⁻⁵⁰) ≤ 2⁻¹⁰‖x‖.
private struct HalfRange {
  /// The square of the fraction of its length by which a row may be moved.
  private static let squaredFraction = 0x1p-20

  private let dimension: Int
  private let kernels: Kernels
  /// If the largest coordinate reaches this, the row passes without the exact check.
  private let enough: Float

  init(dimension: Int, _ kernels: Kernels) {
    self.dimension = dimension
    self.kernels = kernels
    enough = 0x1p-14 * Float(dimension).squareRoot()
  }

  /// Refuses the first row that float16 cannot hold.
  func check(_ vectors: [Float]) throws(IndexError) {
    for row in 0..<vectors.count / dimension {
      let places = row * dimension..<(row + 1) * dimension
      var bits: UInt32 = 0
      for i in places { bits = max(bits, vectors[i].bitPattern & 0x7FFF_FFFF) }
      let largest = Float(bitPattern: bits)
      // NaN compares false, so such rows pass on to the exact check.
      if largest >= enough, largest < OriginalRows.halfRangeEnd { continue }
      try check(Array(vectors[places]), row: row)
    }
  }

  private func check(_ x: [Float], row: Int) throws(IndexError) {
    // If a coordinate is not finite, the codec reports which.
    guard x.allSatisfy(\.isFinite) else { return }
    if let column = x.firstIndex(where: { $0.magnitude >= OriginalRows.halfRangeEnd }) {
      throw .beyondHalfPrecision(x[column], row: row, column: column)
    }
    let halves = kernels.float16s(of: x.span)
    var rounded = [Float](repeating: 0, count: x.count)
    var target = rounded.mutableSpan
    kernels.widen(halves.span, into: &target)
    var (square, moved) = (0.0, 0.0)
    var (worst, largestMove) = (0, 0.0)
    for i in x.indices {
      let difference = (Double(x[i]) - Double(rounded[i])).magnitude
      square += Double(x[i]) * Double(x[i])
      moved += difference * difference
      if difference > largestMove { (worst, largestMove) = (i, difference) }
    }
    guard moved <= HalfRange.squaredFraction * square else {
      throw .beyondHalfPrecision(x[worst], row: row, column: worst)
    }
  }
}
