import TurboQuant
import TurboQuantKernels

/// Random choices of the figures, each from a stream of its own.
enum Draws {
  /// Seeds of `count` independent repetitions; `figure` tells the figures apart.
  static func seeds(_ count: Int, figure: UInt32, of setting: Setting) -> [UInt64] {
    var stream = RandomStream(seed: setting.seed, purpose: .sampling, number: 1000 + figure)
    return (0..<count).map { _ in UInt64(stream.nextWord()) << 32 | UInt64(stream.nextWord()) }
  }

  /// The stream of `figure` for made-up vectors.
  static func vectors(figure: UInt32, of setting: Setting) -> RandomStream {
    RandomStream(seed: setting.seed, purpose: .testData, number: 1000 + figure)
  }

  /// e₀, of `dimension` coordinates.
  static func spike(dimension: Int) -> [Float] {
    var vector = [Float](repeating: 0, count: dimension)
    vector[0] = 1
    return vector
  }

  /// A unit vector in the plane of the first two coordinates, at the given cosine to e₀.
  static func atCosine(_ cosine: Double, dimension: Int) -> [Float] {
    var vector = [Float](repeating: 0, count: dimension)
    vector[0] = Float(cosine)
    vector[1] = Float(squareRoot(max(0, 1 - cosine * cosine)))
    return vector
  }
}
