internal import CTurboQuant
internal import TurboQuant
internal import TurboQuantKVCache

extension tq_cache_precision: OptionStruct {}
extension tq_cache_options: OptionStruct {}

extension KVConfiguration {
  /// The configuration of a caller's options.
  init(_ options: tq_cache_options) throws {
    let shape = unsafe KVShape(
      queryHeads: size(options.query_heads), keyValueHeads: size(options.key_value_heads),
      keyDimension: size(options.key_dimension),
      valueDimension: options.value_dimension == 0 ? nil : size(options.value_dimension))
    unsafe self.init(
      shape: shape, keys: try KVPrecision(tq_cache_precision(options.keys)),
      values: try KVPrecision(tq_cache_precision(options.values)))
    sinks = unsafe size(options.sinks)
    window = unsafe size(options.window)
    slidingWindow = unsafe options.sliding_window == 0 ? nil : size(options.sliding_window)
    exactTokens = try unsafe choice(
      options.exact_tokens, "tq_type", standard: nil,
      [(TQ_FLOAT32, .float32), (TQ_FLOAT16, .float16), (TQ_BFLOAT16, .bfloat16)])
    centering = try unsafe KVCentering(options)
    centerTokens = unsafe options.center_tokens == 0 ? nil : size(options.center_tokens)
    logitCap = unsafe options.logit_cap == 0 ? nil : options.logit_cap
    sinkLogits = unsafe Array(
      try input(options.sink_logits, count: options.sink_logit_count, "sink_logits"))
    seed = unsafe options.seed
    equalization = try unsafe KVEqualization.of(
      options.equalization_kind, numbers: options.equalization, count: options.equalization_count,
      heads: size(options.key_value_heads))
    try unsafe checkReserved(options.reserved)
  }
}

extension KVCentering {
  fileprivate init(_ options: tq_cache_options) throws {
    let frequencies = unsafe Array(
      try input(
        options.rotary_frequencies, count: options.rotary_frequency_count, "rotary_frequencies"))
    let pairing = try unsafe choice(
      options.pairing, "tq_pairing", standard: RotaryEmbedding.Pairing.halves,
      [(TQ_PAIRING_HALVES, .halves), (TQ_PAIRING_NEIGHBOURS, .neighbours)])
    self = try unsafe choice(
      options.centering, "tq_centering", standard: .none,
      [
        (TQ_CENTERING_MEAN, .mean),
        (
          TQ_CENTERING_ROTARY_MEAN,
          .rotaryMean(RotaryEmbedding(frequencies: frequencies, pairing: pairing))
        ),
      ])
    if case .rotaryMean = self { return }
    guard frequencies.isEmpty, unsafe options.pairing == 0 else {
      throw CallError.options("a rotary embedding has no effect without its centring")
    }
  }
}

extension KVPrecision {
  fileprivate init(_ options: tq_cache_precision) throws {
    let kind = try choice(
      options.precision, "tq_precision", standard: TQ_PRECISION_CODES,
      [
        TQ_PRECISION_CODES, TQ_PRECISION_FLOAT32, TQ_PRECISION_FLOAT16, TQ_PRECISION_OUTLIERS,
        TQ_PRECISION_SKETCHES,
      ].map { ($0, $0) })
    try KVPrecision.check(options, kind)
    let estimator = try Estimator.named(options.estimator)
    switch kind {
    case TQ_PRECISION_FLOAT32: self = .float32
    case TQ_PRECISION_FLOAT16: self = .float16
    case TQ_PRECISION_OUTLIERS:
      guard let bits = Int(exactly: options.bits == 0 ? 4 : options.bits) else {
        throw CallError.value(options.bits, "whole bits for outliers")
      }
      self = .outliers(bits: bits, estimator: estimator)
    case TQ_PRECISION_SKETCHES:
      self = .sketches(
        directions: size(options.directions), outliers: size(options.outliers),
        outlierDirections: size(options.outlier_directions),
        sketch: try SketchKind(caller: options.sketch, standard: .orthogonal))
    default:
      self = .codes(
        try Rate(caller: options.bits),
        quantizer: try Quantizer(
          options.quantizer, sketch: options.sketch, directions: options.directions,
          polarBits: nil), estimator: estimator)
    }
  }

  /// Refuses members that have no effect on a precision.
  private static func check(_ options: tq_cache_precision, _ kind: Int) throws(CallError) {
    let isCodes = kind == TQ_PRECISION_CODES
    let isSketches = kind == TQ_PRECISION_SKETCHES
    let takesBits = isCodes || kind == TQ_PRECISION_OUTLIERS
    for (name, isSet, hasEffect) in [
      ("bits", options.bits != 0, takesBits),
      ("estimator", options.estimator != 0, takesBits),
      ("quantizer", options.quantizer != 0, isCodes),
      ("sketch", options.sketch != 0, isCodes || isSketches),
      ("directions", options.directions != 0, isCodes || isSketches),
      ("outliers", options.outliers != 0, isSketches),
      ("outlier_directions", options.outlier_directions != 0, isSketches),
    ] where isSet && !hasEffect {
      throw .options("\(name) has no effect on precision \(kind)")
    }
  }
}
