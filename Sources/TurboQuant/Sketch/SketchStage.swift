internal import TurboQuantKernels

/// QJL: signs of the vector's own projections, without codes (arXiv 2406.03482).
final class SketchStage: Stage {
  private let signs: ResidualSketch

  init(
    dimension: Int, rate: Rate, _ kind: SketchKind, directions: Int?, seed: UInt64
  ) throws(CodecError) {
    try CodecError.check(recorded: rate, of: .qjl())
    signs = try ResidualSketch(
      drawnLater: dimension,
      directions: directions ?? Self.directions(dimension: dimension, rate: rate), kind: kind,
      seed: seed)
  }

  private init(_ signs: ResidualSketch) { self.signs = signs }

  /// The default number of directions for a rate.
  private static func directions(dimension: Int, rate: Rate) -> Int {
    // The largest rate and dimension give more than 32 bits.
    Int(clamping: (Int64(rate.halfBits) * Int64(dimension) + 1) / 2)
  }

  static func fields(dimension: Int, rate: Rate, directions: Int?) -> RowFields {
    let directions = directions ?? Self.directions(dimension: dimension, rate: rate)
    return RowFields(signBytes: (directions + 7) / 8)
  }

  var fields: RowFields { RowFields(signBytes: signs.byteCount) }
  var sketch: ResidualSketch? { signs }
  var codebooks: [RecordedCodebook] { [] }
  var packedNumbers: [PackedNumbers] {
    [PackedNumbers(byteOffset: 0, count: signs.directions, bits: 1)]
  }
  /// The linear reconstruction is right on average and far from each vector.
  var distortion: Double? { nil }
  var estimators: [Estimator] { [.twoStage] }
  var drawn: any Stage { SketchStage(signs.drawn) }

  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, norm: Float, inverse: Float,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ layout: RowLayout
  ) {
    // Signs do not depend on the length, so no division by it is needed.
    work.swap()
    signs.packSigns(kernels, &work, into: &rows, at: start + layout.signs.lowerBound)
  }

  func dequantize(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    into work: inout Workspace
  ) throws(CodecError) -> Float {
    let direction = try signs.transposed(
      rows.extracting(start + layout.signs.lowerBound..<start + layout.signs.upperBound))
    work.load(direction.span)
    return Float(signs.scale)
  }

  func codeProducts(
    _ kernels: Kernels, _ rows: RawSpan, _ layout: RowLayout, query: Span<Float>
  ) -> [Float] { [] }

  func codewordNorm(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    _ work: inout Workspace
  ) -> Double { 0 }
}
