internal import TurboQuant
internal import TurboQuantKernels

/// eˣ for x ≤ 0.
func exponential(_ x: Float) -> Float { x < -87 ? 0 : Float(Portable.exp(Double(x))) }

/// One query's softmax over the tokens seen so far: weights relative to the largest score.
///
/// The one-pass softmax of Milakov and Gimelshein (arXiv 1805.02867): when a larger score comes, what was
/// added up shrinks by the exponential of the difference.
struct RunningSoftmax: ~Copyable {
  private(set) var largest: Float
  /// Σ exp(score − largest).
  private(set) var weightSum: Double
  /// The share of tokens that are stored as codes in ``weightSum``.
  private(set) var codedWeight = 0.0
  /// Σ weight · value of floats, and of codes in the rotated frame.
  var plain: FloatBuffer
  var rotated: FloatBuffer

  /// Weights below 2⁻³⁰ of the largest so far add nothing to the values: together they would have moved
  /// the output by at most n · 2⁻³⁰ of the longest value of n tokens.
  static let negligible: Float = 20.79

  /// Begins with a logit that has no value, if there is one.
  init(valueDimension: Int, sinkLogit: Float?) {
    largest = sinkLogit ?? -.infinity
    weightSum = sinkLogit == nil ? 0 : 1
    plain = FloatBuffer(count: valueDimension)
    rotated = FloatBuffer(count: valueDimension)
  }

  /// Turns the first `count` scores into weights; false when none of them matters to the values.
  mutating func weigh(
    _ kernels: Kernels, _ scores: inout FloatBuffer, count: Int, areCodes: Bool
  ) -> Bool {
    var values = scores.mutableSpan
    var tileLargest = -Float.infinity
    for i in 0..<count { tileLargest = max(tileLargest, values[i]) }
    for i in count..<values.count { values[i] = -.infinity }
    if tileLargest > largest { rescale(to: tileLargest) }
    let sum = Double(kernels.exponentials(&values, shift: largest))
    weightSum += sum
    if areCodes { codedWeight += sum }
    return !(tileLargest < largest - RunningSoftmax.negligible)
  }

  private mutating func rescale(to newLargest: Float) {
    let factor = largest == -.infinity ? 0 : exponential(largest - newLargest)
    weightSum *= Double(factor)
    codedWeight *= Double(factor)
    var sums = plain.mutableSpan
    for i in sums.indices { sums[i] *= factor }
    var rotatedSums = rotated.mutableSpan
    for i in rotatedSums.indices { rotatedSums[i] *= factor }
    largest = newLargest
  }
}
