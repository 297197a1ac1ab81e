import TurboQuant
import TurboQuantKernels

/// Kinds of unit vectors with coordinates as uneven as the codec may encounter.
enum Input: Int {
  case oneHot, sparse, heavyTailed, embedding

  /// The number of nonzero coordinates of a sparse vector.
  static let sparseCount = 4

  /// A vector of `dimension` coordinates from `stream`.
  ///
  /// - Precondition: For an embedding, `samples` is given and has at least `dimension` coordinates.
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
      // Student's law with two degrees of freedom, whose variance is infinite.
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

  /// E (√d t)⁴ over the coordinates, by theory; nil if it depends on the draw.
  func fourthMoment(dimension: Int) -> Double? {
    self == .oneHot ? Double(dimension) : nil
  }
}
