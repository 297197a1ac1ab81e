internal import TurboQuantKernels

/// A stage whose codes are those of a scalar quantizer, from the first byte of a row on.
protocol CoordinateStage: Stage {
  var quantizer: ScalarQuantizer { get }
}

extension CoordinateStage {
  var scalarQuantizer: ScalarQuantizer? { quantizer }
  var codebooks: [RecordedCodebook] { quantizer.recordedCodebooks }
  var distortion: Double? { quantizer.distortion }

  func dequantize(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    into work: inout Workspace
  ) throws(CodecError) -> Float {
    quantizer.dequantize(kernels, rows, at: start, into: &work)
    return 1
  }

  func codeProducts(
    _ kernels: Kernels, _ rows: RawSpan, _ layout: RowLayout, query: Span<Float>
  ) -> [Float] {
    quantizer.products(kernels, rows, stride: layout.bytesPerVector, query: query)
  }

  func codewordNorm(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    _ work: inout Workspace
  ) -> Double {
    quantizer.codewordNorm(kernels, rows, at: start, &work)
  }
}
