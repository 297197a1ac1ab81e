internal import TurboQuantKernels

/// Stage 1 alone: codes of every coordinate, and ⟨û, ŷ⟩.
final class ScalarStage: CoordinateStage {
  let quantizer: ScalarQuantizer

  init(dimension: Int, rate: Rate, reusing known: (any Stage)?) throws(CodecError) {
    quantizer = try ScalarQuantizer(dimension: dimension, rate: rate, reusing: known)
  }

  static func fields(dimension: Int, rate: Rate) -> RowFields {
    RowFields(
      codeBytes: ScalarQuantizer.byteCount(dimension: dimension, rate: rate), hasAlignment: true)
  }

  var fields: RowFields { Self.fields(dimension: quantizer.dimension, rate: quantizer.rate) }
  var packedNumbers: [PackedNumbers] { quantizer.packedNumbers }
  var estimators: [Estimator] { [.renormalized, .reconstruction, .matchedNorm] }

  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, norm: Float, inverse: Float,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ layout: RowLayout
  ) {
    let alignment = quantizer.quantize(
      kernels, &work, scale: inverse, into: &rows, at: start, keepsResidual: false)
    rows.store(alignment, at: layout.alignment.map { start + $0 })
  }
}
