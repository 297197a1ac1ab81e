internal import TurboQuantKernels

/// A quantizer at work on rotated unit vectors û: its codebooks, its part of a row, its products.
///
/// There is one class per case of ``Quantizer``. A codec uses a quantizer only through this
/// protocol, so a new quantizer needs a folder and a line in each list of ``Quantizer``. Stages are
/// classes because Embedded Swift has no other existentials.
protocol Stage: AnyObject, Sendable {
  /// The fields of a row that belong to the stage.
  var fields: RowFields { get }
  /// Codebooks in the order in which a codec's record lists them.
  var codebooks: [RecordedCodebook] { get }
  /// Where packed numbers lie within a row; the bits after the last number of a run are zero.
  var packedNumbers: [PackedNumbers] { get }
  /// Coordinates and their centroids, nil where there are none.
  var scalarQuantizer: ScalarQuantizer? { get }
  /// Angles and radii, nil where there are none.
  var polarQuantizer: PolarQuantizer? { get }
  /// Directions whose signs are stored, nil where there are none.
  var sketch: ResidualSketch? { get }
  /// E‖û − ŷ‖² for every unit vector, nil without a prediction.
  var distortion: Double? { get }
  /// The estimators on offer, the standard one first.
  var estimators: [Estimator] { get }
  /// E⟨û, ŷ⟩/‖ŷ‖ and the variance of ⟨û, ŷ⟩/‖ŷ‖, where rows do not store ⟨û, ŷ⟩.
  var expectedAlignment: (mean: Double, variance: Double)? { get }
  /// This stage with everything drawn from the seed, for loops over rows.
  var drawn: any Stage { get }

  /// Writes û = `inverse` · `work.front`, the direction of a vector of length `norm`, to the row at byte `start`.
  ///
  /// It overwrites the workspace.
  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, norm: Float, inverse: Float,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ layout: RowLayout)

  /// `work.front` ← the row's approximation of û, up to the factor that is returned; the row is at byte `start`.
  func dequantize(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    into work: inout Workspace
  ) throws(CodecError) -> Float

  /// ⟨ŷ, `query`⟩ of every row, empty where there is no ŷ.
  func codeProducts(
    _ kernels: Kernels, _ rows: RawSpan, _ layout: RowLayout, query: Span<Float>
  ) -> [Float]

  /// ‖ŷ‖ of the row at byte `start`.
  func codewordNorm(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ layout: RowLayout,
    _ work: inout Workspace
  ) -> Double
}

// Most quantizers need only some of these.
extension Stage {
  var scalarQuantizer: ScalarQuantizer? { nil }
  var polarQuantizer: PolarQuantizer? { nil }
  var sketch: ResidualSketch? { nil }
  var expectedAlignment: (mean: Double, variance: Double)? { nil }
  var drawn: any Stage { self }
}

/// The fields that a quantizer stores in a row, besides the norm.
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

/// Numbers of one width, packed one after another; the first begins on a whole byte.
struct PackedNumbers: Sendable {
  let byteOffset: Int
  let count: Int
  let bits: Int

  /// The byte after the last one.
  var end: Int { byteOffset + (count * bits + 7) / 8 }
}

/// A codebook as a codec's record lists it, for consecutive coordinates or for angles of one level.
struct RecordedCodebook {
  let range: Range<Int>
  let bits: Int
  let byteOffset: Int
  let centroids: [Float]
  let boundaries: [Float]
}
