// Decoding, for those who want to see what codes lose.

internal import TurboQuant
internal import TurboQuantKernels

extension ChannelGroupCodec {
  /// The vectors of the rows of an open page, less the centre.
  func decoded(_ page: AlignedBytes, rows: Int) throws(CodecError) -> [Float] {
    var vectors: [Float] = []
    var vector = FloatBuffer(count: codec.dimension)
    let bytes = page.bytes
    for row in 0..<rows {
      codec.polarQuantizer?.dequantize(
        codec.kernels, bytes, at: row * codeByteCount,
        radii: row * codeByteCount + codec.layout.radii.lowerBound, into: &vector)
      for segment in codec.scalarQuantizer?.segments ?? [] {
        codec.kernels.dequantize(
          segment.codebook.kernel, bytes, at: row * codeByteCount + segment.byteOffset,
          into: &vector, segment.coordinates)
      }
      let scale = bytes.float32(at: openLayout.scaleOffset + 4 * row)
      var target = vector.mutableSpan
      for i in 0..<codec.dimension { target[i] *= scale }
      vectors += try codec.rotation.applyInverse(to: vector.span)
    }
    return vectors
  }
}
