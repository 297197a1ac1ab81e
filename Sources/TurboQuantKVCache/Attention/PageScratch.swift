internal import TurboQuantKernels

/// Memory for what the kernels find on the way.
struct PageScratch: ~Copyable {
  /// Sums and shares of scores, ``Page/rowCount`` a query.
  var sums: FloatBuffer
  var shares: FloatBuffer
  /// Weights of values as whole numbers.
  var weights: WholeWeights

  init(queries: Int, widest: Int) {
    // Turned parts have as many sums as a value has coordinates, twice a query.
    sums = FloatBuffer(count: queries * max(Page.rowCount, 2 * widest))
    shares = FloatBuffer(count: Page.rowCount)
    weights = WholeWeights(rowCount: Page.rowCount, queries: queries)
  }
}
