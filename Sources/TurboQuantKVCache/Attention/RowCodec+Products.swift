internal import TurboQuant
internal import TurboQuantKernels

extension RowCodec {
  /// `scores[r]` ← `scale` · ⟨k_r, q⟩ as the estimator has it, of the first `count` rows.
  func score(
    _ rows: RawSpan, count: Int, _ query: Query, scale: Float, into scores: inout FloatBuffer
  ) {
    let factor = Float(query.norm) * scale
    var total = [Float](repeating: 0, count: count)
    var products = [Float](repeating: 0, count: count)
    for segment in codec.scalarQuantizer?.segments ?? [] {
      var target = products.mutableSpan
      codec.kernels.codeProducts(
        segment.codebook.kernel, rows: rows, offset: segment.byteOffset, stride: rowByteCount,
        query: query.direction.span, segment.coordinates, into: &target)
      for r in 0..<count { total[r] += products[r] }
    }
    if hasCodes {
      for r in 0..<count { total[r] *= rows.float32(at: r * rowByteCount + scaleOffset) }
    }
    if hasSigns {
      var target = products.mutableSpan
      codec.kernels.signProducts(
        rows: rows, offset: codec.layout.signs.lowerBound, stride: rowByteCount,
        query: query.projections.span, into: &target)
      for r in 0..<count {
        total[r] += products[r] * rows.float32(at: r * rowByteCount + signScaleOffset)
      }
    }
    var target = scores.mutableSpan
    for r in 0..<count { target[r] = factor * total[r] }
  }

  /// `sum` += Σ `weights[r]` · scale · ŷ_r, in the rotated frame.
  func addRows(_ rows: RawSpan, weights: Span<Float>, to sum: inout FloatBuffer) {
    let scaled = [Float](capacity: weights.count) { output in
      for r in weights.indices {
        output.append(weights[r] * rows.float32(at: r * rowByteCount + scaleOffset))
      }
    }
    for segment in codec.scalarQuantizer?.segments ?? [] {
      codec.kernels.combineCodes(
        segment.codebook.kernel, rows: rows, offset: segment.byteOffset, stride: rowByteCount,
        weights: scaled.span, into: &sum, segment.coordinates)
    }
  }
}
