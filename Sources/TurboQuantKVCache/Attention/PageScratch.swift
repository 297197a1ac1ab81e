internal import TurboQuantKernels

/// Memory for what the kernels find on the way.
struct PageScratch: ~Copyable {
  /// Sums and shares of scores, ``Page/rowCount`` a query.
  var sums: FloatBuffer
  var shares: FloatBuffer
  /// Weights of values as whole numbers.
  var weights: WholeWeights

  init(queries: Int, widest: Int) {
    // Transposed parts have one sum per coordinate of a value, twice per query.
    sums = FloatBuffer(count: queries * max(Page.rowCount, 2 * widest))
    shares = FloatBuffer(count: Page.rowCount)
    weights = WholeWeights(rowCount: Page.rowCount, queries: queries)
  }
}
