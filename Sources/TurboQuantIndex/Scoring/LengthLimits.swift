internal import TurboQuant
internal import TurboQuantKernels

/// Lengths whose products and squares, with what is added to them, fit float32.
///
/// With norms of at most 2⁶² a product is at most 2¹²⁴ and a squared distance 2¹²⁶, which leaves room
/// for the estimate's error. Cosines do not depend on lengths.
extension VectorIndex {
  static let largestNorm: Double = 0x1p62
  /// Below this the step of a product's sums would lose bits.
  static let smallestQueryNorm: Double = 0x1p-62

  /// Checks the norms among the codec's rows.
  func checkNorms(_ rows: RawSpan) throws(IndexError) {
    guard let offset = codec.layout.norm else { return }
    for row in 0..<rows.byteCount / codec.bytesPerVector {
      let norm = Double(rows.float32(at: row * codec.bytesPerVector + offset))
      guard norm <= VectorIndex.largestNorm else { throw .norm(norm, of: "row", row: row) }
    }
  }

  /// Refuses results if the query or its rows are too short for float32 to tell their scores apart.
  ///
  /// A product is at most ‖x‖‖q‖ in magnitude, a distance about the square of the longer one. Below 2⁻¹²⁴ float32 loses
  /// bits of scores, and rows of different scores seem equal. Such distances are the smallest, so one row is enough to
  /// spoil the order. Such products are close to zero, where they do no harm unless all are so small.
  func checkLengths(
    of rows: [RankedRow], queryNorm: Double, query: Int
  ) throws(IndexError) {
    let limit = VectorIndex.smallestQueryNorm * VectorIndex.smallestQueryNorm
    let small = rows.prefix { Double($0.similarity).magnitude < limit }
    guard metric != .cosine, !small.isEmpty else { return }
    var longest = 0.0
    for row in small {
      let norm = Double(try self.rows.scalar(.norms, at: row.slot))
      longest = max(longest, norm)
      let longer = max(norm, queryNorm)
      if metric == .squaredEuclidean, longer > 0, longer * longer < limit {
        throw .tooShort(longer, query: query, id: row.id)
      }
    }
    guard metric == .innerProduct, small.count == rows.count else { return }
    let largest = longest * queryNorm
    if largest > 0, largest < limit {
      throw .tooShort(max(longest, queryNorm), query: query, id: rows[0].id)
    }
  }

  /// Checks the norm of a query; a zero query passes, since all its products are zero.
  func check(queryNorm norm: Double, row: Int) throws(IndexError) {
    guard metric != .cosine, norm > 0 else { return }
    let isLongEnough = metric == .squaredEuclidean || norm >= VectorIndex.smallestQueryNorm
    guard norm <= VectorIndex.largestNorm, isLongEnough else {
      throw .norm(norm, of: "query", row: row)
    }
  }
}
