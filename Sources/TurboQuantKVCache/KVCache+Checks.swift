// What a cache accepts: lengths, and the range of numbers.

internal import TurboQuant
internal import TurboQuantKernels

extension KVCache {
  /// The tokens that `floatCount` floats of `heads` heads are.
  func tokenCount(
    _ floatCount: Int, _ heads: Int, _ dimension: Int, _ name: String
  ) throws(KVCacheError) -> Int {
    guard floatCount % (heads * dimension) == 0 else {
      let below = floatCount / (heads * dimension)
      throw KVCacheError(
        .lengthMismatch(found: floatCount, expected: below * heads * dimension),
        "\(floatCount) floats of \(name) are not \(heads) heads × tokens × \(dimension) coordinates"
      )
    }
    return floatCount / (heads * dimension)
  }

  /// Keys and values are smaller than this.
  ///
  /// With as many as 2¹⁶ coordinates, less a rotary mean, a vector is shorter than 2¹⁰⁶, and 2²⁰ of them add up
  /// to what float32 holds.
  static let limit: Float = 0x1p96
  /// Queries are smaller than this, so that float32 holds the length of one of 2¹⁶ coordinates.
  static let queryLimit: Float = 0x1p118
  /// No scale of a code is larger: a length below 2¹⁰⁶ over the alignment, which is no less than the smallest
  /// centroid, that of 8 bits and 2¹⁶ coordinates 2⁻¹⁵.
  static let scaleLimit: Float = 0x1p122

  /// Refuses what is not a number, or beyond what its place can hold.
  func check(
    _ floats: Span<Float>, dimension: Int, _ tokens: Int, _ name: String, _ precision: KVPrecision?
  ) throws(KVCacheError) {
    let isFloat16 = precision.map { codec.roundsToFloat16 || $0 == .float16 } ?? false
    // What rounds beyond the largest float16, 65,504.
    let limit = isFloat16 ? 65_520 : precision == nil ? KVCache.queryLimit : KVCache.limit
    guard !(codec.kernels.largestMagnitude(floats) < limit) else { return }
    for i in floats.indices where !(abs(floats[i]) < limit) {
      let (head, token, coordinate) = (
        i / (tokens * dimension), i / dimension % tokens, i % dimension
      )
      throw KVCacheError(
        .notFinite(head: head, token: token, coordinate: coordinate),
        "\(name) of head \(head), token \(token), coordinate \(coordinate) is \(floats[i]); expected "
          + (isFloat16
            ? "less than 65520 in magnitude, where float16 ends; scale it down, or keep float32 or codes "
              + "without sinks and window"
            : "a number below \(limit) in magnitude; scale it down"))
    }
  }
}
