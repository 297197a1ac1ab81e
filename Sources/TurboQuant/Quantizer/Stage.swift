internal import TurboQuantKernels

/// A quantizer at work on rotated unit vectors û: its codebooks, its part of a row, its products.
///
/// One class per case of ``Quantizer``. A codec asks nothing else of a quantizer, so that a new one is a
/// folder and a line in each list of ``Quantizer``. Classes, because Embedded Swift knows no other existential.
protocol Stage: AnyObject, Sendable {
  /// What a row holds of it.
  var fields: RowFields { get }
  /// Codebooks in the order in which a codec's record lists them.
  var codebooks: [RecordedCodebook] { get }
  /// Where packed numbers lie within a row; bits after the last one of a run are zero.
  var packedNumbers: [PackedNumbers] { get }
  /// Coordinates and their centroids, nil where there are none.
  var scalarQuantizer: ScalarQuantizer? { get }
  /// Angles and radii, nil where there are none.
  var polarQuantizer: PolarQuantizer? { get }
  /// Directions whose signs are stored, nil where there are none.
  var sketch: ResidualSketch? { get }
  /// E‖û − ŷ‖² for every unit vector, nil without a prediction.
  var distortion: Double? { get }
  /// The estimators that it offers, the standard one first.
  var estimators: [Estimator] { get }
  /// E⟨û, ŷ⟩/‖ŷ‖ and the variance of that, where rows do not store ⟨û, ŷ⟩.
  var expectedAlignment: (mean: Double, variance: Double)? { get }
  /// This stage with nothing left to draw from the seed: what loops over rows use.
  var drawn: any Stage { get }

  /// Writes û = `inverse` · `work.front` to the row at byte `start`; the vector is `norm` long. Uses up the workspace.
  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, norm: Float, inverse: Float,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ layout: RowLayout)

  /// `work.front` ← what the row at byte `start` says of û; returns the factor that it still needs.
  func dequantize(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    into work: inout Workspace
  ) throws(CodecError) -> Float

  /// ⟨ŷ, `query`⟩ of every row, nothing where there is no ŷ.
  func codeProducts(
    _ kernels: Kernels, _ rows: RawSpan, _ layout: RowLayout, query: Span<Float>
  ) -> [Float]

  /// ‖ŷ‖ of the row at byte `start`.
  func codewordNorm(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    _ work: inout Workspace
  ) -> Double
}

// Most quantizers have few of these.
extension Stage {
  var scalarQuantizer: ScalarQuantizer? { nil }
  var polarQuantizer: PolarQuantizer? { nil }
  var sketch: ResidualSketch? { nil }
  var expectedAlignment: (mean: Double, variance: Double)? { nil }
  var drawn: any Stage { self }
}

/// What a quantizer stores in a row, beside the norm.
struct RowFields: Sendable, Hashable {
  /// Bytes of packed codes.
  var codeBytes = 0
  /// Bytes of sign bits.
  var signBytes = 0
  /// Bytes of float16 radii.
  var radiusBytes = 0
  /// Whether ⟨û, ŷ⟩ is stored.
  var hasAlignment = false
  /// Whether ‖r‖ is stored.
  var hasResidualNorm = false
}

/// Numbers of one width, one after another from a whole byte on.
struct PackedNumbers: Sendable {
  let byteOffset: Int
  let count: Int
  let bits: Int

  /// The byte after the last one.
  var end: Int { byteOffset + (count * bits + 7) / 8 }
}

/// A codebook as a codec's record lists it: consecutive coordinates, or angles of one level, that share it.
struct RecordedCodebook {
  let range: Range<Int>
  let bits: Int
  let byteOffset: Int
  let centroids: [Float]
  let boundaries: [Float]
}
