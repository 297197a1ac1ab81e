internal import TurboQuantKernels

extension Codec {
  /// The standard estimator of the quantizer.
  ///
  /// It is ``Estimator/renormalized`` for scalar codes, ``Estimator/twoStage`` with a sketch, and
  /// ``Estimator/reconstruction`` for PolarQuant.
  public var standardEstimator: Estimator { stage.estimators[0] }

  /// Whether the quantizer offers an estimator.
  public func offers(_ estimator: Estimator) -> Bool { stage.estimators.contains(estimator) }

  /// Rotates and projects a query, once for any number of rows.
  ///
  /// - Throws: ``CodecError`` when `q` does not have ``dimension`` coordinates, or holds a NaN or
  ///   an infinity (reported as row 0).
  /// - Complexity: O(d log d) with the Hadamard rotation, O(d²) with the Haar rotation. A Gaussian
  ///   or orthogonal sketch of m directions adds O(md), a structured one O(d log d) per block of d.
  public func prepare(_ q: Span<Float>) throws(CodecError) -> Query {
    try CodecError.check(count: q.count, isOneVectorOf: dimension)
    var work = Workspace(dimension: dimension)
    guard kernels.normalize(q, into: &work.front) != .notFinite else {
      let column = q.indices.first { !q[$0].isFinite } ?? 0
      throw CodecError(.notFinite(value: q[column], row: 0, column: column))
    }
    // In double precision the length of a float32 vector cannot overflow.
    let square = sumOfSquares(q)
    let scaledNorm = squareRoot(
      Double(kernels.sumOfSquares(work.front, count: dimension)))
    withStandardFloatEnvironment { rotation.rotate(kernels, &work) }
    let inverse = scaledNorm > 0 ? 1 / scaledNorm : 0
    let rotated = work.front.span
    let direction = [Float](capacity: dimension) { output in
      for i in 0..<dimension { output.append(Float(Double(rotated[i]) * inverse)) }
    }
    return Query(
      fingerprint: fingerprint, norm: squareRoot(square), direction: direction,
      projections: try sketch?.project(direction.span) ?? [])
  }

  /// The estimate of ⟨x, q⟩ from one stored row, with its standard error, in O(d).
  ///
  /// - Parameters:
  ///   - query: The result of ``prepare(_:)-(Span<Float>)`` for q.
  ///   - row: One row of a ``CodeMatrix``.
  ///   - estimator: ``standardEstimator`` if nil.
  /// - Throws: ``CodecError`` when query or row belongs to another codec, or the quantizer does not
  ///   offer the estimator.
  public func estimate(
    _ query: Query, for row: CodeRow, by estimator: Estimator? = nil
  ) throws(CodecError) -> Estimate {
    try check(row.fingerprint)
    var estimates = [Estimate(exactly: 0)]
    var target = estimates.mutableSpan
    try estimate(query, forRows: row.bytes.span.raw, by: estimator, into: &target)
    return estimates[0]
  }

  /// The estimates of ⟨x, q⟩ for every row, with their standard errors, in O(d) per row.
  ///
  /// - Throws: ``CodecError`` as ``estimate(_:for:by:)``.
  public func estimates(
    _ query: Query, for codes: CodeMatrix, by estimator: Estimator? = nil
  ) throws(CodecError) -> [Estimate] {
    try check(codes)
    var estimates = [Estimate](repeating: Estimate(exactly: 0), count: codes.count)
    var target = estimates.mutableSpan
    try estimate(query, forRows: codes.bytes.span.raw, by: estimator, into: &target)
    return estimates
  }

  /// The estimates of ⟨x, q⟩ for every row without standard errors, in half the time.
  ///
  /// - Throws: ``CodecError`` as ``estimate(_:for:by:)``.
  public func values(
    _ query: Query, for codes: CodeMatrix, by estimator: Estimator? = nil
  ) throws(CodecError) -> [Double] {
    try check(codes)
    let scorer = try RowScorer(self, query, codes.bytes.span.raw, estimator)
    return (0..<codes.count).map { scorer.value(row: $0, codes.bytes.span.raw) }
  }

  /// Estimates ⟨x, q⟩ for stored rows in other memory, such as a mapped file, in O(d) per row.
  ///
  /// - Throws: ``CodecError`` when `rows` is not one row per element of `estimates`, and as ``estimate(_:for:by:)``.
  public func estimate(
    _ query: Query, forRows rows: RawSpan, by estimator: Estimator? = nil,
    into estimates: inout MutableSpan<Estimate>
  ) throws(CodecError) {
    guard try rowCount(ofBytes: rows) == estimates.count else {
      throw CodecError(
        .rowLengthMismatch(found: rows.byteCount, bytesPerVector: bytesPerVector))
    }
    let scorer = try RowScorer(self, query, rows, estimator)
    var work = Workspace(dimension: dimension)
    for row in estimates.indices {
      estimates[row] = scorer.estimate(row: row, rows, &work)
    }
  }
}

/// The products of one query with a block of rows, and the estimates that follow from them.
private struct RowScorer {
  let codec: Codec
  let estimator: Estimator
  let query: Query
  /// ⟨ŷ, Rq/‖q‖⟩ of every row; empty for QJL, which has no ŷ.
  var codeProducts: [Float] = []
  /// ⟨sign(Jr), JRq/‖q‖⟩ of every row; empty unless the estimator uses the sketch.
  var signProducts: [Float] = []
  /// The sketch's scale: `sketchScale` · ‖r‖ · a sign product estimates ⟨r, q⟩/‖q‖.
  private let sketchScale: Double
  /// The error of the sketch's estimate of the cosine of r and q.
  private let sketchError: CosineError

  init(
    _ codec: Codec, _ query: Query, _ rows: RawSpan, _ estimator: Estimator?
  ) throws(CodecError) {
    try codec.check(query.fingerprint)
    self.codec = codec
    self.query = query
    self.estimator = estimator ?? codec.standardEstimator
    guard codec.offers(self.estimator) else {
      throw CodecError(
        .estimatorNotOffered(
          estimator: self.estimator.rawValue, quantizer: codec.quantizer.name))
    }
    sketchScale = codec.sketch?.scale ?? 0
    sketchError = codec.sketch?.relativeError ?? CosineError(everywhere: 0)
    codeProducts = codec.stage.codeProducts(
      codec.kernels, rows, codec.layout, query: query.direction.span)
    if self.estimator == .twoStage {
      signProducts = [Float](repeating: 0, count: rows.byteCount / codec.bytesPerVector)
      var target = signProducts.mutableSpan
      codec.kernels.signProducts(
        rows: rows, offset: codec.layout.signs.lowerBound, stride: codec.bytesPerVector,
        query: query.projections.span, into: &target)
    }
  }

  private func scalar(_ offset: Int?, row: Int, _ rows: RawSpan) -> Double {
    guard let offset else { return 1 }
    return Double(rows.float32(at: row * codec.bytesPerVector + offset))
  }

  private func norm(row: Int, _ rows: RawSpan) -> Double {
    scalar(codec.layout.norm, row: row, rows)
  }

  /// ⟨û, ŷ⟩, or 1 where rows do not store it: the estimators of such rows do not use it.
  private func alignment(row: Int, _ rows: RawSpan) -> Double {
    scalar(codec.layout.alignment, row: row, rows)
  }

  /// The sketch's contribution: an unbiased estimate of ⟨r, q⟩/‖q‖.
  private func residualShare(row: Int, _ rows: RawSpan) -> Double {
    residualNorm(row: row, rows) * sketchScale * Double(signProducts[row])
  }

  /// ‖r‖; without codes the residual is the vector itself.
  private func residualNorm(row: Int, _ rows: RawSpan) -> Double {
    scalar(codec.layout.residualNorm ?? codec.layout.norm, row: row, rows)
  }

  /// The factor by which the estimator multiplies ‖x‖⟨ŷ, Rq⟩; `codewordNorm` returns ‖ŷ‖.
  private func factor(alignment: Double, codewordNorm: () -> Double) -> Double {
    switch estimator {
    case .reconstruction, .twoStage: return 1
    case .renormalized: return alignment > 0 ? 1 / alignment : 0
    case .matchedNorm:
      let length = codewordNorm()
      return length > 0 ? 1 / length : 0
    }
  }

  func value(row: Int, _ rows: RawSpan) -> Double {
    var value = 0.0
    if !codeProducts.isEmpty {
      let alignment = alignment(row: row, rows)
      let factor = factor(alignment: alignment) {
        var work = Workspace(dimension: codec.dimension)
        return codewordNorm(row: row, rows, &work)
      }
      value = norm(row: row, rows) * Double(codeProducts[row]) * factor
    }
    if estimator == .twoStage { value += residualShare(row: row, rows) }
    return value * query.norm
  }

  func estimate(row: Int, _ rows: RawSpan, _ work: inout Workspace) -> Estimate {
    let norm = norm(row: row, rows)
    guard norm > 0, query.norm > 0 else { return Estimate(exactly: 0) }
    return estimator == .twoStage
      ? twoStageEstimate(row: row, rows, norm: norm)
      : codeEstimate(row: row, rows, norm: norm, &work)
  }

  /// The estimate from the codes alone.
  ///
  /// ŷ = alignment · û + e, where e is orthogonal to û and, over a Haar rotation, uniform in
  /// direction. So ρ̂ = ⟨ŷ, Rq/‖q‖⟩/alignment has the mean ρ and the variance
  /// (‖e‖/alignment)²(1 − ρ²)/(d − 1).
  private func codeEstimate(
    row: Int, _ rows: RawSpan, norm: Double, _ work: inout Workspace
  ) -> Estimate {
    let unit = norm * query.norm
    let length = codewordNorm(row: row, rows, &work)
    let expected = codec.stage.expectedAlignment
    let alignment = expected.map { $0.mean * length } ?? alignment(row: row, rows)
    guard alignment > 0 else {
      // No encoder writes such a row; every cosine is possible.
      return Estimate(
        0,
        EstimateError(
          offset: 0, slope: unit, cosine: 0, CosineError(everywhere: 1), rounding: 0))
    }
    let ratio = length / alignment
    let free = Double(max(1, codec.dimension - 1))
    let error = CosineError(
      across: max(0, ratio * ratio - 1) / free,
      // Rows that store no alignment use its expected value; its variance is their error.
      along: (expected?.variance ?? 0) * ratio * ratio)
    let cosine = Double(codeProducts[row]) / alignment
    let shrink = factor(alignment: alignment) { length } * alignment
    return Estimate(
      shrink * cosine * unit,
      EstimateError(
        offset: 0, slope: unit, cosine: cosine, error,
        rounding: unit * ratio * summing(codec.dimension)))
  }

  /// The estimate from codes and sketch.
  ///
  /// Given the codes, the only error is in the sketch's estimate of the cosine of r and q.
  private func twoStageEstimate(row: Int, _ rows: RawSpan, norm: Double) -> Estimate {
    let residual = residualNorm(row: row, rows)
    // ⟨ŷ, Rq/‖q‖⟩, and ‖r‖ in units of ‖x‖.
    let known = codeProducts.isEmpty ? 0 : Double(codeProducts[row])
    let share = residual / norm
    let unit = norm * query.norm
    let rounding = unit * (summing(codec.dimension) + share * summing(query.projections.count))
    guard share > 0 else {
      return Estimate(
        value(row: row, rows),
        EstimateError(
          offset: 0, slope: unit, cosine: known, CosineError(everywhere: 0), rounding: rounding))
    }
    let cosine = sketchScale * Double(signProducts[row])
    return Estimate(
      value(row: row, rows),
      EstimateError(
        offset: known * unit, slope: share * unit, cosine: cosine, sketchError, rounding: rounding,
        possible: EstimateError.cosines(of: share, beside: known)))
  }

  /// The standard deviation of rounding in a float32 sum of `count` products, in units of both vectors' lengths.
  ///
  /// At least sixteen lanes sum at most a sixteenth of the terms each, and a tree adds the lanes.
  /// Rounding errors of at most 2⁻²⁴ that are independent and centred grow as the square root of
  /// their number (Higham and Mary 2019). Eight more roundings come from the rows' scalars and the
  /// rotated query.
  private func summing(_ count: Int) -> Double {
    0x1p-24 * squareRoot(Double(count) / 16 + 12)
  }

  private func codewordNorm(row: Int, _ rows: RawSpan, _ work: inout Workspace) -> Double {
    codec.stage.codewordNorm(
      codec.kernels, rows, at: row * codec.bytesPerVector, codec.layout, &work)
  }
}

/// Σ qᵢ² in double precision, with four independent accumulators.
private func sumOfSquares(_ q: Span<Float>) -> Double {
  var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
  var i = 0
  while i + 4 <= q.count {
    let (w, x) = (Double(q[i]), Double(q[i + 1]))
    let (y, z) = (Double(q[i + 2]), Double(q[i + 3]))
    a += w * w
    b += x * x
    c += y * y
    d += z * z
    i += 4
  }
  while i < q.count {
    a += Double(q[i]) * Double(q[i])
    i += 1
  }
  return (a + b) + (c + d)
}
