package import TurboQuantKernels

/// Decides which vectors float16 can hold: those that rounding moves by at most 2⁻¹⁰ of their length.
///
/// Rounding moves a coordinate of 2⁻¹⁴ … 65,504 by at most 2⁻¹¹ of itself, a smaller one by at most 2⁻²⁵. A vector of d
/// coordinates whose largest is at least 2⁻¹⁴√d is thus moved by at most √(2⁻²²‖x‖² + d · 2⁻⁵⁰) ≤ 2⁻¹⁰‖x‖.
package struct Float16Range: Sendable {
  /// From here on, numbers would not round to the largest float16 but be cut to it.
  package static let end: Float = 65_520
  /// The square of the fraction of its length by which a vector may be moved.
  private static let squaredFraction = 0x1p-20

  private let dimension: Int
  private let kernels: Kernels
  /// If the largest coordinate reaches this, the vector passes without the exact check.
  private let enough: Float

  package init(dimension: Int, _ kernels: Kernels) {
    self.dimension = dimension
    self.kernels = kernels
    enough = Float(0x1p-14 * squareRoot(Double(dimension)))
  }

  /// The first of some vectors, one after another, that float16 cannot hold, and the coordinate that moves most.
  ///
  /// Vectors with NaN or infinity are passed over: who stores them reports them.
  package func firstMisfit(_ vectors: Span<Float>) -> (row: Int, column: Int)? {
    for row in 0..<vectors.count / dimension {
      let x = vectors.extracting(row * dimension..<(row + 1) * dimension)
      var bits: UInt32 = 0
      for i in x.indices { bits = max(bits, x[i].bitPattern & 0x7FFF_FFFF) }
      let largest = Float(bitPattern: bits)
      // NaN compares false.
      if largest >= enough, largest < Float16Range.end { continue }
      if largest.isFinite, let column = misfit(x) { return (row, column) }
    }
    return nil
  }

  /// The coordinate that moves most, if the vector moves too much.
  private func misfit(_ x: Span<Float>) -> Int? {
    for i in x.indices where x[i].magnitude >= Float16Range.end { return i }
    let halves = kernels.float16s(of: x)
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
    return moved <= Float16Range.squaredFraction * square ? nil : worst
  }
}
