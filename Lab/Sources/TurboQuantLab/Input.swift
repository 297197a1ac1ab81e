import TurboQuant
import TurboQuantKernels

/// Kinds of vectors whose coordinates are as uneven as the codec may meet, each of unit length.
enum Input: Int {
  case oneHot, sparse, heavyTailed, embedding

  /// Coordinates of a sparse vector that are not zero.
  static let sparseCount = 4

  /// A vector of `dimension` coordinates from `stream`.
  ///
  /// - Precondition: An embedding needs `samples`, and no more coordinates than they have.
  func vector(
    dimension d: Int, from stream: inout RandomStream, _ samples: Samples?
  ) -> [Float] {
    var x = [Double](repeating: 0, count: d)
    switch self {
    case .oneHot: x[Int(stream.nextInteger(below: UInt32(d)))] = 1
    case .sparse:
      for _ in 0..<Self.sparseCount {
        x[Int(stream.nextInteger(below: UInt32(d)))] = stream.nextNormal()
      }
    case .heavyTailed:
      // Student's law of two degrees of freedom, whose variance is infinite.
      for i in 0..<d {
        let (a, b) = (stream.nextNormal(), stream.nextNormal())
        x[i] = stream.nextNormal() / squareRoot((a * a + b * b) / 2)
      }
    case .embedding:
      guard let samples else { preconditionFailure("the sample vectors are not loaded") }
      let row = Int(stream.nextInteger(below: UInt32(samples.rowCount)))
      for i in 0..<d { x[i] = Double(samples.rows[row * Samples.dimension + i]) }
    }
    let length = squareRoot(x.reduce(0) { $0 + $1 * $1 })
    return x.map { Float($0 / length) }
  }

  /// What theory says of E (√d t)⁴ over the coordinates; nil where that depends on the draw.
  func fourthMoment(dimension: Int) -> Double? {
    self == .oneHot ? Double(dimension) : nil
  }
}
