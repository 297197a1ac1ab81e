internal import TurboQuantKernels

/// PolarQuant: angles of the recursive polar transform, and radii of blocks (arXiv 2502.02617).
final class PolarStage: Stage {
  private let quantizer: PolarQuantizer

  init(
    dimension: Int, rate: Rate, bits: [Int]?, reusing known: (any Stage)?
  ) throws(CodecError) {
    try CodecError.check(recorded: rate, of: .polar())
    guard let bits = bits ?? Self.standardBits(rate: rate) else {
      throw CodecError(
        .rateNotOffered(
          rate: rate, quantizer: Quantizer.polar().name,
          offered: "3, 4, … 8 bits, or bits of its own for each level"))
    }
    if let known = known?.polarQuantizer {
      quantizer = known
    } else {
      quantizer = try PolarQuantizer(dimension: dimension, bits: bits)
    }
  }

  /// Default bits per angle, level by level, for a rate; nil for rates without a default.
  private static func standardBits(rate: Rate) -> [Int]? {
    guard rate.halfBits % 2 == 0, (6...16).contains(rate.halfBits) else { return nil }
    let first = rate.halfBits / 2
    return [first, first - 2, first - 2, first - 2]
  }

  static func fields(dimension: Int, rate: Rate, bits: [Int]?) -> RowFields {
    let bits = bits ?? standardBits(rate: rate) ?? []
    return RowFields(
      codeBytes: PolarQuantizer.byteCount(dimension: dimension, bits: bits),
      radiusBytes: 2 * PolarQuantizer.blockCount(dimension: dimension, bits: bits))
  }

  var fields: RowFields {
    RowFields(codeBytes: quantizer.byteCount, radiusBytes: 2 * quantizer.blockCount)
  }
  var polarQuantizer: PolarQuantizer? { quantizer }
  var codebooks: [RecordedCodebook] {
    quantizer.levels.flatMap { level in
      level.codebooks.map { codebook, angles in
        RecordedCodebook(
          range: angles, bits: codebook.bits, byteOffset: level.byteOffset,
          centroids: codebook.centroids, boundaries: codebook.boundaries)
      }
    }
  }
  var packedNumbers: [PackedNumbers] {
    quantizer.levels.map {
      PackedNumbers(
        byteOffset: $0.byteOffset, count: $0.angleCount, bits: $0.codebook.bits)
    }
  }
  var distortion: Double? { quantizer.distortion }
  var estimators: [Estimator] { [.reconstruction] }
  var expectedAlignment: (mean: Double, variance: Double)? {
    (quantizer.expectedAlignment, quantizer.alignmentVariance)
  }

  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, norm: Float, inverse: Float,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ layout: RowLayout
  ) {
    quantizer.quantize(
      &work, scale: inverse, into: &rows, at: start, radii: start + layout.radii.lowerBound)
  }

  func dequantize(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    into work: inout Workspace
  ) -> Float {
    quantizer.dequantize(
      kernels, rows, at: start, radii: start + layout.radii.lowerBound, into: &work.front)
    return 1
  }

  func codeProducts(
    _ kernels: Kernels, _ rows: RawSpan, _ layout: RowLayout, query: Span<Float>
  ) -> [Float] {
    var products = [Float](repeating: 0, count: rows.byteCount / layout.bytesPerVector)
    var target = products.mutableSpan
    quantizer.products(
      kernels, rows, offset: 0, stride: layout.bytesPerVector, radii: layout.radii.lowerBound,
      query: query, into: &target)
    return products
  }

  func codewordNorm(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    _ work: inout Workspace
  ) -> Double {
    quantizer.codewordNorm(kernels, rows, radii: start + layout.radii.lowerBound, &work)
  }
}
