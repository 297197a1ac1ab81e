internal import TurboQuantKernels

/// Both stages: codes at one bit less, and signs of the residual's projections (TurboQuant, Algorithm 2).
final class TwoStage: CoordinateStage {
  let quantizer: ScalarQuantizer
  private let signs: ResidualSketch

  init(
    dimension: Int, rate: Rate, _ kind: SketchKind, directions: Int?, seed: UInt64,
    reusing known: (any Stage)?
  ) throws(CodecError) {
    guard (4...18).contains(rate.halfBits) else {
      throw CodecError(
        .rateNotOffered(
          rate: rate, quantizer: Quantizer.twoStage().name,
          offered: "2, 2.5, 3, … 9 bits, one of them the sign (qjl is the sign alone)"))
    }
    quantizer = try ScalarQuantizer(
      dimension: dimension, rate: rate.withoutSketchBit, reusing: known)
    signs = try ResidualSketch(
      drawnLater: dimension, directions: directions ?? dimension, kind: kind, seed: seed)
  }

  private init(_ quantizer: ScalarQuantizer, _ signs: ResidualSketch) {
    self.quantizer = quantizer
    self.signs = signs
  }

  static func fields(dimension: Int, rate: Rate, directions: Int?) -> RowFields {
    RowFields(
      codeBytes: ScalarQuantizer.byteCount(dimension: dimension, rate: rate.withoutSketchBit),
      signBytes: ((directions ?? dimension) + 7) / 8, hasAlignment: true, hasResidualNorm: true)
  }

  var fields: RowFields {
    RowFields(
      codeBytes: quantizer.byteCount, signBytes: signs.byteCount, hasAlignment: true,
      hasResidualNorm: true)
  }
  var sketch: ResidualSketch? { signs }
  var packedNumbers: [PackedNumbers] {
    quantizer.packedNumbers
      + [PackedNumbers(byteOffset: quantizer.byteCount, count: signs.directions, bits: 1)]
  }
  var estimators: [Estimator] { [.twoStage, .reconstruction, .renormalized, .matchedNorm] }
  var drawn: any Stage { TwoStage(quantizer, signs.drawn) }

  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, norm: Float, inverse: Float,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ layout: RowLayout
  ) {
    let alignment = quantizer.quantize(
      kernels, &work, scale: inverse, into: &rows, at: start, keepsResidual: true)
    rows.store(alignment, at: layout.alignment.map { start + $0 })
    let square = Double(kernels.sumOfSquares(work.back, count: quantizer.dimension))
    rows.store(norm * Float(squareRoot(square)), at: layout.residualNorm.map { start + $0 })
    signs.packSigns(kernels, &work, into: &rows, at: start + layout.signs.lowerBound)
  }
}
