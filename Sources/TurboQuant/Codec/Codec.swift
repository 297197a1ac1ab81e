package import TurboQuantKernels

/// Encodes vectors to bytes and back: TurboQuant (arXiv 2504.19874) for one dimension, rate and seed.
///
/// A codec needs no training. Rotation and sketch directions are regenerated from the seed, so two
/// codecs with the same arguments produce the same bytes on every machine. The codes of a row
/// depend on that row only.
///
/// ```swift
/// let codec = try Codec(dimension: 384, rate: .bits(4), seed: 42)
/// let codes = try codec.encode(vectors)  // rows × 384 floats
/// let query = try codec.prepare(q)
/// let estimate = try codec.estimate(query, for: codes[7])  // ⟨x₇, q⟩, with its standard error
/// ```
public struct Codec: Sendable {
  /// The number of coordinates d.
  public let dimension: Int
  /// Bits per coordinate: codes and signs together, without the scalars of a row.
  public let rate: Rate
  /// The method that turns a rotated vector into codes.
  public let quantizer: Quantizer
  /// Whether rows store their norm.
  public let normalization: Normalization
  /// The seed of the rotation and the sketch.
  public let seed: UInt64
  /// The rotation R.
  public let rotation: Rotation
  /// The stage of the quantizer.
  let stage: any Stage
  /// The byte offsets of the fields of a row.
  public let layout: RowLayout
  /// The hash of all parameters that decide what a stored byte means.
  public let fingerprint: Fingerprint
  /// The canonical bytes of all parameters: ``fingerprint`` is their hash, and files contain them.
  public let record: [UInt8]
  /// The kernels of the target in use; tests set the kernels of another target.
  package var kernels: Kernels

  /// Creates a codec.
  ///
  /// - Parameters:
  ///   - dimension: The number of coordinates, 1 … 2²⁴.
  ///   - rate: Bits per coordinate: 1 … 8 for ``Quantizer/scalar`` and 2 … 9 for two stages, in
  ///     steps of ½. For QJL it only sets the default number of directions, for PolarQuant the
  ///     default bits of the angles.
  ///   - quantizer: The method that turns a rotated vector into codes.
  ///   - rotation: The kind of rotation; the standard kind for the dimension if nil.
  ///   - normalization: Whether rows store their norm.
  ///   - seed: The seed from which rotation and sketch directions are drawn.
  /// - Throws: ``CodecError`` for an impossible combination, or when `TQ_TARGET` names a target
  ///   that cannot run here.
  /// - Complexity: O(d) with Hadamard rotation and structured sketch, O(d³) otherwise, and the time
  ///   to solve a codebook.
  public init(
    dimension: Int, rate: Rate, quantizer: Quantizer = .scalar, rotation: RotationKind? = nil,
    normalization: Normalization = .norm, seed: UInt64 = 0
  ) throws(CodecError) {
    try self.init(
      dimension: dimension, rate: rate, quantizer: quantizer, rotation: rotation,
      normalization: normalization, seed: seed, isDrawn: true)
  }

  /// This codec with another seed; the codebooks do not depend on the seed and are kept.
  ///
  /// - Throws: Never, despite its type ``CodecError``: the parameters of an existing codec are valid.
  /// - Complexity: As ``init(dimension:rate:quantizer:rotation:normalization:seed:)``, without the
  ///   codebook.
  public func reseeded(with seed: UInt64) throws(CodecError) -> Codec {
    try Codec(
      dimension: dimension, rate: rate, quantizer: quantizer, rotation: rotation.kind,
      normalization: normalization, seed: seed, isDrawn: true, reusing: self)
  }

  /// Creates a codec; `isDrawn` draws rotation and sketch now, not when the first vector needs them.
  init(
    dimension: Int, rate: Rate, quantizer: Quantizer, rotation: RotationKind?,
    normalization: Normalization, seed: UInt64, isDrawn: Bool, reusing known: Codec? = nil
  ) throws(CodecError) {
    let stage = try quantizer.stage(
      dimension: dimension, rate: rate, seed: seed, reusing: known?.stage)
    let rotation = try Rotation(drawnLater: dimension, kind: rotation, seed: seed)
    self.dimension = dimension
    self.rate = rate
    self.quantizer = quantizer
    self.normalization = normalization
    self.seed = seed
    self.rotation = isDrawn ? rotation.drawn : rotation
    self.stage = isDrawn ? stage.drawn : stage
    layout = RowLayout(stage.fields, normalization)
    kernels = try Kernels.current()
    record = CodecRecord.bytes(
      dimension: dimension, rate: rate, quantizer: quantizer, normalization: normalization,
      seed: seed, rotation: rotation, stage, layout)
    fingerprint = Fingerprint(of: record)
  }

  /// Draws rotation and sketch now.
  ///
  /// Otherwise the first vector of a codec that was read from a record pays for this; on several
  /// threads, the first vector of each thread.
  package func draw() {
    _ = rotation.drawn
    _ = stage.drawn
  }

  /// Bytes of one stored row, scalars included.
  public var bytesPerVector: Int { layout.bytesPerVector }

  /// Stage 1, nil for QJL and PolarQuant.
  public var scalarQuantizer: ScalarQuantizer? { stage.scalarQuantizer }
  /// Angles and radii, nil for all but PolarQuant.
  public var polarQuantizer: PolarQuantizer? { stage.polarQuantizer }
  /// Stage 2, nil for the scalar quantizer and PolarQuant.
  public var sketch: ResidualSketch? { stage.sketch }

  /// The distortion E‖x − x̂‖²/‖x‖² that theory predicts for ``decode(_:)``, for any data.
  ///
  /// Nil for QJL, which has a linear reconstruction and no such prediction.
  public var distortion: Double? { stage.distortion }
}
