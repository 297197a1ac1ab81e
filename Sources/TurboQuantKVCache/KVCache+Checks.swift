// What a cache accepts: lengths, and the range of numbers.

internal import TurboQuant
internal import TurboQuantKernels

extension KVCache {
  /// The number of tokens in `floatCount` floats: heads × tokens × dimension.
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

  /// Magnitudes of keys and values are below this.
  ///
  /// A vector of at most 2¹⁶ coordinates, less a rotary mean, is then shorter than 2¹⁰⁶, and float32 holds the sum
  /// of 2²⁰ of them.
  static let limit: Float = 0x1p96
  /// Magnitudes of queries are below this, so that float32 holds the length of a query of 2¹⁶ coordinates.
  static let queryLimit: Float = 0x1p118
  /// Scales of codes are at most this.
  ///
  /// A scale is a length below 2¹⁰⁶ divided by an alignment. The alignment is at least the smallest centroid, which
  /// is 2⁻¹⁵ for 8 bits and 2¹⁶ coordinates.
  static let scaleLimit: Float = 0x1p122

  /// Refuses NaN, and numbers beyond the range of where they are stored.
  func check(
    _ floats: Span<Float>, dimension: Int, _ tokens: Int, _ name: String, _ precision: KVPrecision?
  ) throws(KVCacheError) {
    let isFloat16 =
      precision.map { codec.configuration.exactTokens == .float16 || $0 == .float16 } ?? false
    // From 65,520 on, numbers round beyond the largest float16, 65,504.
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
            ? "less than 65520 in magnitude, where float16 ends; scale it down, or ask for no float16"
            : "a number below \(limit) in magnitude; scale it down"))
    }
  }
}
