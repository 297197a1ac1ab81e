package import TurboQuant
internal import TurboQuantKernels

/// The seven classical results that TurboQuant is based on, each predicted and then measured.
///
/// The measurements use the codec's own operators: its rotation, codebooks, sketch and rows.
/// <doc:the-idea-in-seven-results> explains the results in order.
package struct Theory: Sendable {
  /// The seed of every random choice.
  package let seed: UInt64
  /// The share of draws; at 1, every standard error is below one part in a hundred.
  let effort: Double

  /// Creates measurements from `seed`; another seed gives an independent repetition.
  package init(seed: UInt64 = 0) { self.init(seed: seed, effort: 1) }

  init(seed: UInt64, effort: Double) {
    self.seed = seed
    self.effort = effort
  }

  /// The number of results.
  package static let count = 7

  /// Measures one result, which takes some tenths of a second in an optimised build.
  ///
  /// - Precondition: `number` is in 1 … ``count``.
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func result(_ number: Int) throws(CodecError) -> TheoryResult {
    precondition((1...Self.count).contains(number), "there is no result \(number)")
    switch number {
    case 1: return try concentration()
    case 2: return try coordinateLaw()
    case 3: return try rateDistortion()
    case 4: return try johnsonLindenstrauss()
    case 5: return try signProjections()
    case 6: return try largeNumbers()
    default: return try sharedRandomness()
    }
  }
}

extension Theory {
  /// The share of `full` draws that the effort allows, but at least 20.
  func draws(_ full: Int) -> Int { max(20, Int(Double(full) * effort)) }

  /// Independent seeds for `count` repetitions; `measurement` tells the measurements apart.
  func seeds(_ count: Int, measurement: UInt32) -> [UInt64] {
    var stream = RandomStream(seed: seed, purpose: .sampling, number: measurement)
    return (0..<draws(count)).map { _ in
      UInt64(stream.nextWord()) << 32 | UInt64(stream.nextWord())
    }
  }

  /// Calls `body` with R e₀ for `count` rotations R; e₀ is the most uneven vector there is.
  func forEachRotatedSpike(
    dimension: Int, count: Int, measurement: UInt32, _ body: ([Float]) -> Void
  ) throws(CodecError) {
    var spike = [Float](repeating: 0, count: dimension)
    spike[0] = 1
    for seed in seeds(count, measurement: measurement) {
      let rotation = try Rotation(dimension: dimension, seed: seed)
      body(try rotation.apply(to: spike.span))
    }
  }

  /// A pair of unit vectors of `dimension` coordinates with the given inner product.
  static func pair(dimension: Int, cosine: Double) -> (r: [Float], q: [Float]) {
    var r = [Float](repeating: 0, count: dimension)
    var q = r
    r[0] = 1
    q[0] = Float(cosine)
    q[1] = Float(squareRoot(1 - cosine * cosine))
    return (r, q)
  }
}

extension CoordinateLaw {
  /// P(|t| ≥ `t`).
  package func tail(_ t: Double) -> Double {
    t >= upperEnd ? 0 : integral(from: t, to: upperEnd) / integral(from: 0, to: upperEnd)
  }
}
