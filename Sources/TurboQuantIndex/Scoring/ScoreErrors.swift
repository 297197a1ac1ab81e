internal import TurboQuant
internal import TurboQuantKernels

/// How far the true scores may lie from the scores of one query's hits.
///
/// A score is A + B·ρ̂. The codec gives the error of a row's ρ̂; integer and float32 arithmetic add theirs.
struct ScoreErrors {
  private let index: VectorIndex
  private let query: PreparedQuery
  /// What integers add to the error of ⟨ŷ, u⟩ and of the sketch's estimate, and the terms that cancel in sums of codes.
  private let codes: SumScale
  private let sketch: SumScale?

  init(_ index: VectorIndex, _ query: PreparedQuery) {
    self.index = index
    self.query = query
    var tables = QueryTables()
    tables.append(
      query.rotated.direction.span, query.rotated.projections.span,
      sketchScale: index.codec.sketch?.scale ?? 0, index.scanCodebook, index.codec.kernels,
      readsSigns: false, readsSecondPlane: false)
    codes = tables.codeScales[0]
    sketch = tables.sketchScales.first
  }

  /// The error of a row's score.
  func error(of row: RankedRow) throws(IndexError) -> EstimateError {
    let estimate = try estimate(row)
    let (formula, metric) = (query.formula, index.metric)
    let norm = Double(try index.rows.scalar(.norms, at: row.slot))
    let component = Double(try index.rows.scalar(.centerComponents, at: row.slot))
    let shift = formula.componentFactor * component - formula.normFactor * norm * norm
    let slope = norm * formula.scale
    let (whole, offsets) = try rounding(of: row.slot, norm: norm)
    let terms =
      slope * (2 + offsets) + abs(formula.constant) + abs(formula.componentFactor * component)
      + formula.normFactor * norm * norm
    // ρ is a product in units of both lengths.
    let unit = norm * query.rotated.norm
    let sign: Double = metric.isDistance ? -1 : 1
    return estimate.error.scaled(
      by: unit > 0 ? sign * slope / unit : 0, offset: sign * (formula.constant + shift),
      value: sign * Double(row.similarity), whole.scaled(by: unit),
      rounding: ScoreErrors.float32 * terms, range: metric.range)
  }

  /// The codec's own estimate from a row's codes.
  func estimate(_ row: RankedRow) throws(IndexError) -> Estimate {
    let codes = try index.codes(at: row.slot)
    return try rethrowing { () throws(CodecError) in
      try index.codec.estimate(query.rotated, for: codes[0])
    }
  }

  /// The standard deviation of a score's roundings, in units of its terms: the row's scalars, the query's factors and
  /// about ten operations, each below 2⁻²⁴.
  private static let float32 = 0x1p-23

  /// What integers add to the error of ρ̂, and the size of the terms that cancel in it.
  private func rounding(
    of slot: Int, norm: Double
  ) throws(IndexError) -> (error: CosineError, offsets: Double) {
    guard let sketch else {
      let alignment = Double(try index.rows.scalar(.alignments, at: slot))
      guard alignment > 0 else { return (CosineError(everywhere: 0), 0) }
      return (codes.rounding.scaled(by: 1 / alignment), abs(codes.offset) / alignment)
    }
    let residual = Double(try index.rows.scalar(.residualNorms, at: slot))
    let residualRatio = norm > 0 ? residual / norm : 0
    // The sketch estimates the residual's cosine. For the codes only the largest error is known.
    let error =
      CosineError(everywhere: codes.rounding.largest) + sketch.rounding.scaled(by: residualRatio)
    return (error, abs(codes.offset) + residualRatio * abs(sketch.offset))
  }
}
