internal import TurboQuantThreads

/// Exact inner products of queries with rows, the reference for estimates.
package struct GroundTruth: Sendable {
  /// The largest number of products kept; beyond it, only those of every `rowStride`th row are kept.
  package static let largestPairCount = 1 << 26

  /// The ten rows nearest to each query, best first, or all rows if there are fewer.
  package let nearest: [TopList<Float>]
  /// For each query, its inner products with rows 0, `rowStride`, 2 · `rowStride`, ….
  package let products: [[Float]]
  /// The step between the rows whose products are kept.
  package let rowStride: Int

  /// Computes the inner products of all `queries` with all `rows`.
  ///
  /// `progress` is called with numbers of finished queries.
  ///
  /// - Complexity: O(rows × queries × dimension).
  package init(
    rows: VectorSet, queries: VectorSet, threads: Int, _ progress: @Sendable (Int) -> Void
  ) {
    let pairs = Double(rows.count) * Double(queries.count)
    let rowStride = max(1, Int((pairs / Double(Self.largestPairCount)).rounded(.up)))
    // Each piece packs all rows, so a piece has many queries; but each thread needs several pieces.
    let pieceSize = max(8, min(64, queries.count / (4 * threads)))
    let pieceCount = (queries.count + pieceSize - 1) / pieceSize
    let pieces = Parallel.map(pieceCount, threads: threads) { piece in
      let range = piece * pieceSize..<min(queries.count, (piece + 1) * pieceSize)
      defer { progress(range.count) }
      return Self.search(rows, queries, range, rowStride)
    }
    nearest = pieces.flatMap { $0.nearest }
    products = pieces.flatMap { $0.products }
    self.rowStride = rowStride
  }

  private static func search(
    _ rows: VectorSet, _ queries: VectorSet, _ range: Range<Int>, _ rowStride: Int
  ) -> (nearest: [TopList<Float>], products: [[Float]]) {
    var nearest = range.map { _ in TopList<Float>(10) }
    var products = range.map { _ in [Float]() }
    let packedQueries = range.map { packed(queries, $0..<$0 + 1) }
    let lanes = (rows.dimension + 15) / 16
    for start in stride(from: 0, to: rows.count, by: 64) {
      let block = start..<min(start + 64, rows.count)
      let packedRows = packed(rows, block)
      for (i, query) in packedQueries.enumerated() {
        for row in block {
          let first = (row - start) * lanes
          let score = product(packedRows.span.extracting(first..<first + lanes), query.span)
          nearest[i].offer(row, score)
          if row % rowStride == 0 { products[i].append(score) }
        }
      }
    }
    return (nearest, products)
  }

  /// Rows as SIMD vectors of 16 floats; zeros pad each row to whole SIMD vectors.
  private static func packed(_ set: VectorSet, _ rows: Range<Int>) -> [SIMD16<Float>] {
    let (d, lanes) = (set.dimension, (set.dimension + 15) / 16)
    var result = [SIMD16<Float>](repeating: .zero, count: rows.count * lanes)
    let values = set.values.span
    for (i, row) in rows.enumerated() {
      for lane in 0..<lanes {
        let first = row * d + lane * 16
        let present = min(16, d - lane * 16)
        let vector =
          present == 16
          ? wholeLane(values.extracting(first..<first + 16))
          : partialLane(values.extracting(first..<first + present))
        result[i * lanes + lane] = vector
      }
    }
    return result
  }

  /// Sixteen floats, written out because a loop over lanes would compile to memory traffic.
  private static func wholeLane(_ x: Span<Float>) -> SIMD16<Float> {
    SIMD16(
      x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11], x[12], x[13],
      x[14], x[15])
  }

  private static func partialLane(_ x: Span<Float>) -> SIMD16<Float> {
    var vector = SIMD16<Float>.zero
    for i in x.indices { vector[i] = x[i] }
    return vector
  }

  private static func product(_ a: Span<SIMD16<Float>>, _ b: Span<SIMD16<Float>>) -> Float {
    var sum = SIMD16<Float>.zero
    for i in a.indices { sum += a[i] * b[i] }
    return sum.sum()
  }
}
