internal import CTurboQuant
internal import TurboQuant

extension tq_codec_options: OptionStruct {}

extension Codec {
  /// The codec of a caller's options.
  init(_ options: tq_codec_options) throws {
    let normalization = try unsafe choice(
      options.normalization, "tq_normalization", standard: Normalization.norm,
      [(TQ_NORMALIZATION_NORM, .norm), (TQ_NORMALIZATION_UNIT, .unit)])
    let rotation = try unsafe choice(
      options.rotation, "tq_rotation", standard: RotationKind?.none,
      [(TQ_ROTATION_HAAR, .haar), (TQ_ROTATION_HADAMARD, .hadamard)])
    let polarBits = try unsafe input(
      options.polar_bits, count: options.polar_bit_count, "polar_bits"
    ).map { Int($0) }
    let quantizer = try unsafe Quantizer(
      options.quantizer, sketch: options.sketch, directions: options.directions,
      polarBits: polarBits.isEmpty ? nil : polarBits)
    try unsafe self.init(
      dimension: size(options.dimension), rate: Rate(caller: options.bits), quantizer: quantizer,
      rotation: rotation, normalization: normalization, seed: options.seed)
  }
}

extension Quantizer {
  /// The quantizer of a number and its parameters, 0 where they have their defaults.
  init(
    _ number: tq_quantizer, sketch: tq_sketch, directions: Int, polarBits: [Int]?
  ) throws(CallError) {
    let kind = try SketchKind(caller: sketch, standard: .structured)
    let count = directions == 0 ? nil : size(directions)
    self = try choice(
      number, "tq_quantizer", standard: .scalar,
      [
        (TQ_QUANTIZER_SCALAR, .scalar),
        (TQ_QUANTIZER_TWO_STAGE, .twoStage(sketch: kind, directions: count)),
        (TQ_QUANTIZER_QJL, .qjl(sketch: kind, directions: count)),
        (TQ_QUANTIZER_POLAR, .polar(bits: polarBits)),
      ])
    switch self {
    case .twoStage, .qjl: break
    case .scalar, .polar:
      guard sketch == 0, directions == 0 else {
        throw .options("sketch and directions have no effect on a \(name) quantizer")
      }
    }
    if case .polar = self { return }
    guard polarBits == nil else {
      throw .options("polar_bits have no effect on a \(name) quantizer")
    }
  }
}

extension SketchKind {
  init(caller number: tq_sketch, standard: SketchKind) throws(CallError) {
    self = try choice(
      number, "tq_sketch", standard: standard,
      [
        (TQ_SKETCH_GAUSSIAN, .gaussian), (TQ_SKETCH_ORTHOGONAL, .orthogonal),
        (TQ_SKETCH_STRUCTURED, .structured),
      ])
  }
}

extension Rate {
  /// The rate of so many bits; 4 for 0.
  init(caller bits: Double) throws(CallError) {
    if bits == 0 {
      self = .bits(4)
    } else if let rate = Rate(bitsPerCoordinate: bits) {
      self = rate
    } else if let whole = Int(exactly: bits) {
      // The codec says what it offers instead.
      self = .bits(whole)
    } else {
      throw .value(bits, "bits per coordinate in steps of 0.5")
    }
  }
}

extension Estimator {
  /// The estimator of a number; nil, the quantizer's own, for 0.
  static func named(_ number: tq_estimator) throws(CallError) -> Estimator? {
    try choice(
      number, "tq_estimator", standard: nil,
      [
        (TQ_ESTIMATOR_RECONSTRUCTION, .reconstruction), (TQ_ESTIMATOR_RENORMALIZED, .renormalized),
        (TQ_ESTIMATOR_MATCHED_NORM, .matchedNorm), (TQ_ESTIMATOR_TWO_STAGE, .twoStage),
      ])
  }
}

/// A caller's size_t as a number; beyond Int.max, where it arrives negative, Int.max, which every check refuses.
func size(_ size: Int) -> Int { size < 0 ? .max : size }
