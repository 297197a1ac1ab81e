package import TurboQuantKernels

/// Vectors to bytes and back: TurboQuant (arXiv 2504.19874) for one dimension, rate and seed.
///
/// A codec has nothing to train. Rotation and sketch directions come back from the seed, so two
/// codecs made with the same arguments produce the same bytes on every machine, and codes are a
/// pure function of the row.
///
/// ```swift
/// let codec = try Codec(dimension: 384, rate: .bits(4), seed: 42)
/// let codes = try codec.encode(vectors.span)  // rows × 384 floats
/// let query = try codec.prepare(q.span)
/// let estimate = try codec.estimate(query, codes[7])  // ⟨x₇, q⟩, with its standard error
/// ```
public struct Codec: Sendable {
  /// The number of coordinates d.
  public let dimension: Int
  /// Bits a coordinate, codes and signs together; row scalars come on top.
  public let rate: Rate
  /// What is stored of a rotated vector.
  public let quantizer: Quantizer
  /// Which lengths are kept.
  public let normalization: Normalization
  /// The seed of rotation and sketch.
  public let seed: UInt64
  /// The rotation R.
  public let rotation: Rotation
  /// What the quantizer does.
  let stage: any Stage
  /// Where everything lies within a row.
  public let layout: RowLayout
  /// The name of everything that decides what a stored byte means.
  public let fingerprint: Fingerprint
  /// The canonical bytes that ``fingerprint`` is the hash of, and that files carry.
  public let record: [UInt8]
  /// The kernels of the target in use; tests put another target's here.
  package var kernels: Kernels

  /// Creates a codec.
  ///
  /// - Parameters:
  ///   - dimension: The number of coordinates, 1 … 2²⁴.
  ///   - rate: Bits a coordinate: 1 … 8 for ``Quantizer/scalar``, 2 … 9 for two stages, in steps
  ///     of ½; for QJL it only sets the default number of directions, for PolarQuant the default bits of
  ///     angles.
  ///   - quantizer: What to store.
  ///   - rotation: How the rotation is built; the standard kind for the dimension if nil.
  ///   - normalization: Whether rows store their norm.
  ///   - seed: Names rotation and sketch directions.
  /// - Throws: ``CodecError`` for an impossible combination, or when `TQ_TARGET` names a target
  ///   that cannot run here.
  /// - Complexity: O(d) with Hadamard rotation and structured sketch, O(d³) otherwise, and the
  ///   solution of a codebook.
  public init(
    dimension: Int, rate: Rate, quantizer: Quantizer = .scalar, rotation: RotationKind? = nil,
    normalization: Normalization = .norm, seed: UInt64 = 0
  ) throws(CodecError) {
    try self.init(
      dimension: dimension, rate: rate, quantizer: quantizer, rotation: rotation,
      normalization: normalization, seed: seed, isDrawn: true)
  }

  /// This codec with another seed; codebooks, which do not depend on it, are kept.
  ///
  /// - Throws: ``CodecError`` by its type only: what an existing codec is made of can be made again.
  /// - Complexity: As ``init(dimension:rate:quantizer:rotation:normalization:seed:)``, without the
  ///   codebook.
  public func reseeded(_ seed: UInt64) throws(CodecError) -> Codec {
    try Codec(
      dimension: dimension, rate: rate, quantizer: quantizer, rotation: rotation.kind,
      normalization: normalization, seed: seed, isDrawn: true, reusing: self)
  }

  /// A codec whose rotation and sketch are drawn at once, or when the first vector needs them.
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
  /// Of a codec that was read from a record the first vector pays for it otherwise, on several threads each
  /// of them.
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

  /// The distortion E‖x − x̂‖²/‖x‖² that theory predicts for ``decode(_:)``, whatever the data.
  ///
  /// For QJL, whose linear reconstruction is a different thing, the prediction is nil.
  public var distortion: Double? { stage.distortion }
}
