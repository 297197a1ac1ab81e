internal import TurboQuant
internal import TurboQuantKernels

/// Encodes a group of channels of keys, or of values.
///
/// A row keeps the codec's codes, signs and radii, and float32 scales. The scale of codes is the factor of ⟨ŷ, Rq⟩:
/// norm and estimator in one number. The scale of signs is ‖r‖ · c, the factor of ⟨sign(Jr), JRq⟩. Two stages keep
/// both scales; QJL keeps only that of signs, with x for r.
final class ChannelGroupCodec: Sendable {
  let codec: Codec
  let estimator: Estimator
  let openLayout: PageLayout
  let sealedLayout: PageLayout
  /// The centroids of each part of a sealed page as integers; nil for packed rows.
  let integerCodebooks: [IntegerCodebook?]

  /// A codec for keys, or for values, whose sealed pages are `transposed`.
  init(_ codec: Codec, _ estimator: Estimator, transposed: Bool) {
    self.codec = codec
    self.estimator = estimator
    openLayout = .open(codec)
    sealedLayout = .sealed(codec, transposed: transposed)
    integerCodebooks = sealedLayout.parts.map { part in
      switch (part.order, part.content) {
      case (.rows, _), (_, .angles): nil
      case (_, .signs): .signs
      case (_, .codes(let codebook)): IntegerCodebook(leastSquares: codebook)
      }
    }
  }

  /// The layout of a page.
  func layout(isSealed: Bool) -> PageLayout { isSealed ? sealedLayout : openLayout }

  /// Bytes of codes, signs and radii.
  var codeByteCount: Int { codec.layout.radii.upperBound }
  var hasCodes: Bool { !codec.layout.codes.isEmpty }
  var hasSigns: Bool { codec.sketch != nil }
  /// Bytes of a row.
  var rowByteCount: Int { codeByteCount + (hasCodes ? 4 : 0) + (hasSigns ? 4 : 0) }

  /// The rows of vectors one after another.
  func rows(of vectors: Span<Float>) throws(CodecError) -> CodedRows {
    let stored = try codec.encode(vectors)
    let bytes = stored.bytes.span.raw
    var (scales, signScales): ([Float], [Float]) = ([], [])
    if hasCodes { scales.reserveCapacity(stored.count) }
    if hasSigns { signScales.reserveCapacity(stored.count) }
    var codeword = FloatBuffer(count: codec.dimension)
    for row in 0..<stored.count {
      let start = row * codec.bytesPerVector
      let norm = codec.layout.norm.map { bytes.float32(at: start + $0) } ?? 1
      if hasCodes { scales.append(scale(bytes, at: start, norm: norm, &codeword)) }
      if hasSigns {
        signScales.append(codec.layout.residualNorm.map { bytes.float32(at: start + $0) } ?? norm)
      }
    }
    return CodedRows(
      bytes: stored.bytes, stride: codec.bytesPerVector, scales: scales, signScales: signScales)
  }

  /// The factor of ⟨ŷ, Rq⟩ by `Estimator`.
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
}
