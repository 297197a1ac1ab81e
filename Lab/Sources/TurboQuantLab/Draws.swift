import TurboQuant
import TurboQuantKernels

/// The random choices of the figures, each from its own stream.
enum Draws {
  /// Seeds of `count` independent repetitions, different for each figure.
  static func seeds(_ count: Int, figure: UInt32, of setting: Setting) -> [UInt64] {
    var stream = RandomStream(seed: setting.seed, purpose: .sampling, number: 1000 + figure)
    return (0..<count).map { _ in UInt64(stream.nextWord()) << 32 | UInt64(stream.nextWord()) }
  }

  /// The stream of `figure` for synthetic vectors.
  static func vectors(figure: UInt32, of setting: Setting) -> RandomStream {
    RandomStream(seed: setting.seed, purpose: .testData, number: 1000 + figure)
  }

  /// The vector e₀ with `dimension` coordinates.
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
