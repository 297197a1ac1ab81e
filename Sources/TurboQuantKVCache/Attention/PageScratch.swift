internal import TurboQuantKernels

/// Memory for intermediate results of the kernels.
struct PageScratch: ~Copyable {
  /// Sums of codes, ``Page/rowCount`` per query.
  var sums: FloatBuffer
  /// What one part of a page adds to the scores of a query.
  var partScores: FloatBuffer
  /// Weights of values as integers.
  var weights: IntegerWeights

  init(queries: Int, widest: Int) {
    // Transposed parts have one sum per coordinate of a value, twice per query.
    sums = FloatBuffer(count: queries * max(Page.rowCount, 2 * widest))
    partScores = FloatBuffer(count: Page.rowCount)
    weights = IntegerWeights(rowCount: Page.rowCount, queries: queries)
  }
}
