// Queries that are scanned together, as kernels read them.

internal import TurboQuant
internal import TurboQuantKernels

/// A group of queries that are scanned together.
struct QueryGroup: Sendable {
  let tables: QueryTables
  let formulas: [SimilarityFormula]

  /// Some queries of an index; `readsSigns` and `readsSecondPlane` say which planes are read alone.
  init(
    _ queries: ArraySlice<PreparedQuery>, _ index: VectorIndex, readsSigns: Bool,
    readsSecondPlane: Bool
  ) {
    var tables = QueryTables()
    for query in queries {
      tables.append(
        query.rotated.direction.span, query.rotated.projections.span,
        sketchScale: index.codec.sketch?.scale ?? 0, index.scanCodebook, index.codec.kernels,
        readsSigns: readsSigns, readsSecondPlane: readsSecondPlane)
    }
    self.tables = tables
    formulas = queries.map(\.formula)
  }

  /// The number of queries.
  var count: Int { formulas.count }

  /// What makes similarities of sums of whole codes.
  func factors(_ query: Int) -> SimilarityFactors {
    formulas[query].factors(tables.codeScales[query])
  }

  /// What makes, with ‖r‖ in the place of norms, addends of sums of sketches.
  func sketchFactors(_ query: Int) -> SimilarityFactors {
    let (sums, scale) = (tables.sketchScales[query], formulas[query].scale)
    return SimilarityFactors(
      step: Float(scale * sums.step), offset: Float(scale * sums.offset), normFactor: 0, constant: 0
    )
  }
}
