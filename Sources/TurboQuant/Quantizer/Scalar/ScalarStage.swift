internal import TurboQuantKernels

/// Stage 1 alone: codes of every coordinate, and ⟨û, ŷ⟩.
final class ScalarStage: Stage {
  let quantizer: ScalarQuantizer

  init(dimension: Int, rate: Rate, reusing known: (any Stage)?) throws(CodecError) {
    quantizer = try ScalarQuantizer(dimension: dimension, rate: rate, reusing: known)
  }

  static func fields(dimension: Int, rate: Rate) -> RowFields {
    RowFields(
      codeBytes: ScalarQuantizer.byteCount(dimension: dimension, rate: rate), hasAlignment: true)
  }

  var fields: RowFields { Self.fields(dimension: quantizer.dimension, rate: quantizer.rate) }
  var scalarQuantizer: ScalarQuantizer? { quantizer }
  var codebooks: [RecordedCodebook] { quantizer.recordedCodebooks }
  var packedNumbers: [PackedNumbers] { quantizer.packedNumbers }
  var distortion: Double? { quantizer.distortion }
  var estimators: [Estimator] { [.renormalized, .reconstruction, .matchedNorm] }

  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, norm: Float, inverse: Float,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ layout: RowLayout
  ) {
    let alignment = quantizer.quantize(
      kernels, &work, scale: inverse, into: &rows, at: start, keepsResidual: false)
    rows.store(alignment, at: layout.alignment.map { start + $0 })
  }

  func dequantize(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    into work: inout Workspace
  ) -> Float {
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
