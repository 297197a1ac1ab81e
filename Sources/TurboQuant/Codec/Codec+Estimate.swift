internal import TurboQuantKernels

extension Codec {
  /// The estimator that goes with the quantizer: renormalized codes, two stages, PolarQuant's reconstruction.
  public var standardEstimator: Estimator {
    polarQuantizer != nil ? .reconstruction : sketch == nil ? .renormalized : .twoStage
  }

  /// Whether an estimator goes with the quantizer.
  public func offers(_ estimator: Estimator) -> Bool {
    switch estimator {
    case .twoStage: sketch != nil
    case .reconstruction: scalarQuantizer != nil || polarQuantizer != nil
    case .renormalized, .matchedNorm: scalarQuantizer != nil
    }
  }

  /// Rotates and projects a query, once for any number of rows.
  ///
  /// - Throws: ``CodecError`` when `q` has not ``dimension`` coordinates, or holds a NaN or an
  ///   infinity (reported as row 0).
  /// - Complexity: O(d log d) with the Hadamard rotation, O(d²) with the Haar rotation; a Gaussian
  ///   or orthogonal sketch of m directions adds O(md), a structured one O(d log d) a block of d.
  public func prepare(_ q: Span<Float>) throws(CodecError) -> Query {
    try CodecError.check(count: q.count, isOneVectorOf: dimension)
    var work = Workspace(dimension: dimension)
    guard kernels.normalize(q, into: &work.front) != .notFinite else {
      let column = q.indices.first { !q[$0].isFinite } ?? 0
      throw CodecError(.notFinite(value: q[column], row: 0, column: column))
    }
    // In double precision no float32 vector's length overflows.
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
  ///   - query: What ``prepare(_:)`` made of q.
  ///   - row: One row of a ``CodeMatrix``.
  ///   - estimator: ``standardEstimator`` if nil.
  /// - Throws: ``CodecError`` when query or row belongs to another codec, or the estimator does
  ///   not go with the quantizer.
  public func estimate(
    _ query: Query, _ row: CodeRow, by estimator: Estimator? = nil
  ) throws(CodecError) -> Estimate {
    try check(row.fingerprint)
    var estimates = [Estimate(value: 0, standardError: 0)]
    var target = estimates.mutableSpan
    try estimate(query, rows: row.bytes.span.raw, by: estimator, into: &target)
    return estimates[0]
  }

  /// The estimates of ⟨x, q⟩ for every row, with their standard errors, in O(d) a row.
  ///
  /// - Throws: ``CodecError`` as ``estimate(_:_:by:)``.
  public func estimates(
    _ query: Query, _ codes: CodeMatrix, by estimator: Estimator? = nil
  ) throws(CodecError) -> [Estimate] {
    try check(codes.fingerprint)
    var estimates = [Estimate](
      repeating: Estimate(value: 0, standardError: 0), count: codes.count)
    var target = estimates.mutableSpan
    try estimate(query, rows: codes.bytes.span.raw, by: estimator, into: &target)
    return estimates
  }

  /// The estimates of ⟨x, q⟩ for every row, without standard errors, which takes half the time.
  ///
  /// - Throws: ``CodecError`` as ``estimate(_:_:by:)``.
  public func values(
    _ query: Query, _ codes: CodeMatrix, by estimator: Estimator? = nil
  ) throws(CodecError) -> [Double] {
    try check(codes.fingerprint)
    let scorer = try RowScorer(self, query, codes.bytes.span.raw, estimator)
    return (0..<codes.count).map { scorer.value(row: $0, codes.bytes.span.raw) }
  }

  /// Estimates for stored rows that lie elsewhere, such as in a mapped file, in O(d) a row.
  ///
  /// - Throws: ``CodecError`` when `rows` is not as many rows as `estimates`, and as
  ///   ``estimate(_:_:by:)``.
  public func estimate(
    _ query: Query, rows: RawSpan, by estimator: Estimator? = nil,
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

/// The products of one query with a block of rows, and what estimators make of them.
private struct RowScorer {
  let codec: Codec
  let estimator: Estimator
  let query: Query
  /// ⟨ŷ, Rq/‖q‖⟩ of every row; empty for QJL, which has no ŷ.
  var codeProducts: [Float] = []
  /// ⟨sign(Jr), JRq/‖q‖⟩ of every row; empty unless the estimator uses the sketch.
  var signProducts: [Float] = []

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
    let count = rows.byteCount / codec.bytesPerVector
    if let scalarQuantizer = codec.scalarQuantizer {
      codeProducts = [Float](repeating: 0, count: count)
      // The first segment's sums are written in place, a second segment's added to them.
      for (i, segment) in scalarQuantizer.segments.enumerated() {
        var sums = [Float](repeating: 0, count: count)
        var target = sums.mutableSpan
        codec.kernels.codeProducts(
          segment.codebook.kernel, rows: rows, offset: segment.byteOffset,
          stride: codec.bytesPerVector, query: query.direction.span, segment.coordinates,
          into: &target)
        if i == 0 {
          codeProducts = sums
        } else {
          for row in sums.indices { codeProducts[row] += sums[row] }
        }
      }
    }
    if let polarQuantizer = codec.polarQuantizer {
      codeProducts = [Float](repeating: 0, count: count)
      var target = codeProducts.mutableSpan
      polarQuantizer.products(
        codec.kernels, rows, offset: 0, stride: codec.bytesPerVector,
        radii: codec.layout.radii.lowerBound, query: query.direction.span, into: &target)
    }
    if self.estimator == .twoStage {
      signProducts = [Float](repeating: 0, count: count)
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

  /// ⟨û, ŷ⟩, or what theory expects of it where rows do not keep it.
  private func alignment(row: Int, _ rows: RawSpan) -> Double {
    codec.polarQuantizer?.expectedAlignment ?? scalar(codec.layout.alignment, row: row, rows)
  }

  /// What the sketch adds: an unbiased estimate of ⟨r, q⟩/‖q‖.
  private func residualShare(row: Int, _ rows: RawSpan) -> Double {
    guard let sketch = codec.sketch else { return 0 }
    return residualNorm(row: row, rows) * sketch.scale * Double(signProducts[row])
  }

  /// ‖r‖; without codes the residual is the vector itself.
  private func residualNorm(row: Int, _ rows: RawSpan) -> Double {
    scalar(codec.layout.residualNorm ?? codec.layout.norm, row: row, rows)
  }

  /// The factor of ‖x‖⟨ŷ, Rq⟩, given ‖ŷ‖.
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
    if estimator == .twoStage {
      return Estimate(
        value: value(row: row, rows), standardError: sketchError(row: row, rows) * query.norm)
    }
    let length = codewordNorm(row: row, rows, &work)
    let alignment = alignment(row: row, rows)
    let norm = norm(row: row, rows)
    guard norm > 0, alignment > 0 else { return Estimate(value: 0, standardError: 0) }
    let factor = factor(alignment: alignment) { length }
    // In units of ‖x‖‖q‖: ŷ = alignment · û + e with e orthogonal to û and, over a Haar rotation,
    // uniform in direction, so ⟨e, Rq⟩ has variance ‖e‖²(1 − ρ²)/(d − 1).
    let rho = Double(codeProducts[row]) / alignment
    let spread = max(0, (length / alignment) * (length / alignment) - 1)
    let free = Double(max(1, codec.dimension - 1))
    let noise = squareRoot(max(0, 1 - rho * rho) * spread / free)
    let shrink = factor * alignment
    let bias = (1 - shrink) * rho
    let error = squareRoot(shrink * shrink * noise * noise + bias * bias)
    let unit = norm * query.norm
    return Estimate(value: shrink * rho * unit, standardError: error * unit)
  }

  /// The standard error of the sketch's estimate, divided by ‖q‖.
  private func sketchError(row: Int, _ rows: RawSpan) -> Double {
    guard let sketch = codec.sketch else { return 0 }
    let residualNorm = residualNorm(row: row, rows)
    let cosine = sketch.scale * Double(signProducts[row])
    let variance = sketch.relativeVariance(cosine: max(-1, min(1, cosine)))
    return residualNorm * squareRoot(max(0, variance))
  }

  /// ‖ŷ‖, which is not stored because the codes determine it.
  private func codewordNorm(row: Int, _ rows: RawSpan, _ work: inout Workspace) -> Double {
    if let polarQuantizer = codec.polarQuantizer {
      return polarQuantizer.codewordNorm(
        codec.kernels, rows, radii: row * codec.bytesPerVector + codec.layout.radii.lowerBound,
        &work)
    }
    codec.scalarQuantizer?.dequantize(
      codec.kernels, rows, at: row * codec.bytesPerVector, into: &work)
    return squareRoot(Double(codec.kernels.sumOfSquares(work.front, count: codec.dimension)))
  }
}

/// Σ qᵢ² in double precision, in four sums that do not wait for one another.
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
