internal import TurboQuant
internal import TurboQuantKernels

/// The metric in which each head's keys become codes: query-aware equalization.
///
/// The error of a code has the same size in every direction, but queries do not read all directions alike. So a key
/// is kept as T·(k − c), c the centre, and read with T⁻ᵀ·q: ⟨T⁻ᵀq, T(k − c)⟩ = ⟨q, k − c⟩. Of the metric G = TᵀT, the
/// noise of scores is in proportion to tr(G·A) · tr(G⁻¹·B), A the covariance of keys and B the second moment of
/// their queries. ``KVStatistics`` finds the best G of either kind from a calibration text.
///
/// A metric that fits another model, or whitens keys without regard to queries, makes scores worse than none.
public struct KVEqualization: Sendable, Hashable {
  /// Which metrics there are.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A factor per channel: d multiplications per key and per query.
    case diagonal
    /// Any metric: d² multiplications per key and per query.
    case matrix
  }

  /// The kind of all heads' metrics.
  public let kind: Kind
  /// The dimension of keys.
  public let dimension: Int
  /// T of each key/value head: d factors, or d rows of the upper triangle, the first of d numbers and the last of one.
  ///
  /// An upper triangle is no loss: every metric has one T that is one.
  public let heads: [[Float]]

  /// The largest product of a number of T and one of T⁻¹, all magnitudes.
  static let largestRatio = 0x1p24

  /// Creates the metrics of all key/value heads.
  ///
  /// Each T is divided by the power of two with which no key gets longer, which changes no score.
  ///
  /// - Parameters:
  ///   - kind: What T is.
  ///   - heads: T of each key/value head, as ``heads`` describes it; the factors, and the diagonal, are positive.
  /// - Throws: ``KVCacheError`` when lengths differ or are not those of the kind, a number is not finite, one that
  ///   must be positive is not, or T and T⁻¹ differ so much in size that float32 would lose keys (2²⁴).
  /// - Complexity: O(d³) per head for matrices.
  public init(_ kind: Kind, heads: [[Float]]) throws(KVCacheError) {
    let length = heads.first?.count ?? 0
    let dimension = kind == .diagonal ? length : Triangle.dimension(ofCount: length)
    guard let dimension, KVShape.sizes.contains(dimension), KVShape.sizes.contains(heads.count),
      heads.allSatisfy({ $0.count == length })
    else {
      throw KVCacheError(
        .notOffered,
        "equalization: \(heads.count) heads of \(Set(heads.map(\.count)).sorted()) numbers, expected 1 … 65536 heads of "
          + "one length: d for a diagonal, d(d + 1)/2 for a matrix, d at most 65536")
    }
    (self.kind, self.dimension) = (kind, dimension)
    var scaled: [[Float]] = []
    for (h, head) in heads.enumerated() {
      scaled.append(try KVEqualization.scaled(head, kind, dimension, head: h))
    }
    self.heads = scaled
  }

  /// `head` without its scale, once it is known to be sound.
  private static func scaled(
    _ head: [Float], _ kind: Kind, _ dimension: Int, head h: Int
  ) throws(KVCacheError) -> [Float] {
    func refuse(_ what: String) -> KVCacheError {
      KVCacheError(.notOffered, "equalization of head \(h): \(what)")
    }
    guard let largest = head.map(\.magnitude).max(), head.allSatisfy(\.isFinite) else {
      throw refuse("a factor is not a finite number")
    }
    for i in 0..<dimension {
      let factor = head[kind == .diagonal ? i : Triangle.start(ofRow: i, dimension)]
      guard factor > 0 else {
        throw refuse(
          "factor \(i) \(kind == .matrix ? "of the diagonal " : "")is \(factor), expected a positive number"
        )
      }
    }
    // In units of the largest number, so that squares stay within float64's range.
    let unit = head.map { Double($0) / Double(largest) }
    let inverse = kind == .diagonal ? unit.map { 1 / $0 } : Triangle.inverse(unit, dimension)
    let ratio = inverse.reduce(0) { max($0, $1.magnitude) }
    guard ratio <= largestRatio else {
      throw refuse(
        "its numbers and those of its inverse span a factor of \(Float(ratio)), expected at most 2^24"
      )
    }
    let length = kind == .diagonal ? 1 : squareRoot(unit.reduce(0) { $0 + $1 * $1 })
    let bound = Double(largest) * length
    // The least power of two that is no smaller than the bound of T's stretch.
    let exponent = bound.exponent + (bound.significand > 1 ? 1 : 0)
    return head.map { Float(Double($0) * Double(sign: .plus, exponent: -exponent, significand: 1)) }
  }
}
