internal import TurboQuant
internal import TurboQuantKernels

/// Lengths whose products and squares, and what is added to them, float32 holds.
///
/// With norms of at most 2⁶² a product is at most 2¹²⁴ and a squared distance 2¹²⁶, which leaves room
/// for the estimate's own error. Cosines do not depend on lengths.
extension VectorIndex {
  static let largestNorm: Double = 0x1p62
  /// Below it the step of a product's sums would lose bits.
  static let smallestQueryNorm: Double = 0x1p-62

  /// Checks the norms among the codec's rows.
  func checkNorms(_ rows: RawSpan) throws(IndexError) {
    guard let offset = codec.layout.norm else { return }
    for row in 0..<rows.byteCount / codec.bytesPerVector {
      let norm = Double(rows.float32(at: row * codec.bytesPerVector + offset))
      guard norm <= VectorIndex.largestNorm else { throw .norm(norm, of: "row", row: row) }
    }
  }

  /// Checks the norm of a query; zero has no products to spoil.
  func check(queryNorm norm: Double, row: Int) throws(IndexError) {
    guard metric != .cosine, norm > 0 else { return }
    let isLongEnough = metric == .squaredEuclidean || norm >= VectorIndex.smallestQueryNorm
    guard norm <= VectorIndex.largestNorm, isLongEnough else {
      throw .norm(norm, of: "query", row: row)
    }
  }
}
