internal import TurboQuant
internal import TurboQuantKernels

/// What one side, keys or values, makes of its vectors as codes.
///
/// A row is the codec's codes and signs, then one float32 that folds norm and estimator together, ×
/// ⟨ŷ, Rq⟩; two stages keep ‖r‖ · c, × ⟨sign(Jr), JRq⟩, as a second, and QJL keeps only that, of x.
struct RowCodec: Sendable {
  let codec: Codec
  let estimator: Estimator

  /// Bytes of codes and signs.
  var codeByteCount: Int { codec.layout.signs.upperBound }
  var hasCodes: Bool { codec.scalarQuantizer != nil }
  var hasSigns: Bool { codec.sketch != nil }
  /// Bytes of a row.
  var rowByteCount: Int { codeByteCount + (hasCodes ? 4 : 0) + (hasSigns ? 4 : 0) }
  /// Where the scale of the codes stands in a row, and that of the signs.
  var scaleOffset: Int { codeByteCount }
  var signScaleOffset: Int { codeByteCount + (hasCodes ? 4 : 0) }

  /// The rows of vectors one after another.
  func rows(of vectors: [Float]) throws(CodecError) -> [UInt8] {
    let stored = try codec.encode(vectors.span)
    var rows: [UInt8] = []
    rows.reserveCapacity(stored.count * rowByteCount)
    var codeword = FloatBuffer(count: codec.dimension)
    for row in 0..<stored.count {
      let start = row * codec.bytesPerVector
      rows += stored.bytes[start..<start + codeByteCount]
      let bytes = stored.bytes.span.raw
      let norm = codec.layout.norm.map { bytes.float32(at: start + $0) } ?? 1
      if hasCodes {
        let scale = scale(bytes, at: start, norm: norm, &codeword)
        rows.append(littleEndian: scale.bitPattern)
      }
      if let sketch = codec.sketch {
        let length = codec.layout.residualNorm.map { bytes.float32(at: start + $0) } ?? norm
        rows.append(littleEndian: (length * Float(sketch.scale)).bitPattern)
      }
    }
    return rows
  }

  /// The factor of ⟨ŷ, Rq⟩ as `Estimator` has it.
  private func scale(
    _ bytes: RawSpan, at start: Int, norm: Float, _ codeword: inout FloatBuffer
  ) -> Float {
    switch estimator {
    case .reconstruction, .twoStage: return norm
    case .renormalized:
      let alignment = codec.layout.alignment.map { bytes.float32(at: start + $0) } ?? 1
      return alignment > 0 ? norm / alignment : 0
    case .matchedNorm:
      for segment in codec.scalarQuantizer?.segments ?? [] {
        codec.kernels.dequantize(
          segment.codebook.kernel, bytes, at: start + segment.byteOffset, into: &codeword,
          segment.coordinates)
      }
      let square = Double(codec.kernels.sumOfSquares(codeword, count: codec.dimension))
      return square > 0 ? Float(Double(norm) / squareRoot(square)) : 0
    }
  }

  /// The vectors that scores and sums of rows stand for, without what centring took off.
  func decoded(_ rows: [UInt8]) throws(CodecError) -> [Float] {
    let count = rows.count / rowByteCount
    var vectors: [Float] = []
    var sum = FloatBuffer(count: codec.dimension)
    for row in 0..<count {
      var target = sum.mutableSpan
      for i in 0..<codec.dimension { target[i] = 0 }
      let weights: [Float] = [1]
      addRows(
        rows.span.raw.extracting(row * rowByteCount..<(row + 1) * rowByteCount),
        weights: weights.span, to: &sum)
      vectors += try codec.rotation.applyInverse(to: sum.span)
    }
    return vectors
  }
}
