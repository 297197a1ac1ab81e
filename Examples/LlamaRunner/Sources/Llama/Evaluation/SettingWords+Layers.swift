internal import TurboQuant
internal import TurboQuantKVCache

extension SettingWords {
  /// The configuration of each of `count` layers, before equalization.
  func layers(shape: CacheShape, count: Int, frequencies: [Double]) throws -> [KVConfiguration] {
    let kinds = try kinds(layers: count)
    let base = try configuration(shape, kinds, frequencies)
    return try (0..<count).map { layer in
      guard kinds.count == 2 else { return base }
      return try base.configuration(
        forLayer: layer, of: count, boundary: 1, keys: kinds[1].keys, values: kinds[1].values)
    }
  }

  /// Whether the keys of any layer lose precision.
  func hasCodedKeys(layers: Int) throws -> Bool {
    if case .baseline(let format) = keys { return format != .float32 }
    if case .baseline = values { return false }
    return try kinds(layers: layers).contains { !$0.keys.isFloat }
  }

  /// The precisions of keys and values: one kind, or a second kind for the first and last layer.
  private func kinds(layers: Int) throws -> [(keys: KVPrecision, values: KVPrecision)] {
    guard case .precision(let keys) = keys, case .precision(let values) = values else {
      throw SettingError(
        description: "a format of another project goes with another one or with 32")
    }
    var kinds = [(keys: keys, values: values)]
    if let text = value(.boundary) {
      guard let precision = Double(text).flatMap({ KVPrecision(bitsPerCoordinate: $0) }) else {
        throw wrong(.boundary, "bits such as 8")
      }
      guard layers > 2 else {
        throw idle(.boundary, "the model has no layers between the first and the last")
      }
      guard keys != precision || values != precision else {
        throw idle(.boundary, "the other layers have as many bits")
      }
      kinds.append((precision, precision))
    }
    if let quantizer = try quantizer() {
      guard kinds.allSatisfy({ $0.keys.isPlainCode || $0.keys.isFloat }),
        kinds.contains(where: { $0.keys.isPlainCode })
      else {
        throw idle(.keys, "it goes with bits of keys from 1 to 8, without outliers")
      }
      kinds = kinds.map { ($0.keys.with(quantizer: quantizer), $0.values) }
    }
    if let estimator = try estimator() {
      guard kinds.contains(where: { !$0.keys.isFloat || !$0.values.isFloat }) else {
        throw idle(.estimator, "neither keys nor values are codes")
      }
      kinds = kinds.map {
        ($0.keys.with(estimator: estimator), $0.values.with(estimator: estimator))
      }
    }
    return kinds
  }

  private func configuration(
    _ shape: CacheShape, _ kinds: [(keys: KVPrecision, values: KVPrecision)],
    _ frequencies: [Double]
  ) throws -> KVConfiguration {
    var configuration = KVConfiguration(
      shape: KVShape(
        queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
        keyDimension: shape.headDimension),
      keys: kinds[0].keys, values: kinds[0].values)
    configuration.slidingWindow = try number(.sliding, "a number of tokens")
    configuration.sinks = try number(.sinks, "a number of tokens") ?? 0
    configuration.window = try number(.window, "a number of tokens") ?? 0
    configuration.seed = try number(.seed, "a whole number") ?? 0
    configuration.centering = try centering(frequencies)
    try checkEffects(of: configuration, kinds)
    return configuration
  }

  /// Refuses options that only affect codes if there are no codes.
  private func checkEffects(
    of configuration: KVConfiguration, _ kinds: [(keys: KVPrecision, values: KVPrecision)]
  ) throws {
    if !kinds.contains(where: { !$0.keys.isFloat }), configuration.centering.turns {
      throw idle(
        .center, "it turns the mean of keys, which are no codes; center=mean is for values")
    }
    guard !kinds.contains(where: { !$0.keys.isFloat || !$0.values.isFloat }) else { return }
    let reason = "neither keys nor values are codes"
    if configuration.centering != .none { throw idle(.center, reason) }
    if value(.seed) != nil { throw idle(.seed, reason) }
    if configuration.window > 0 { throw idle(.window, reason) }
    if configuration.sinks > 0 && configuration.slidingWindow == nil {
      throw idle(.sinks, reason + ", and all tokens are seen")
    }
  }
}

extension SettingWords {
  private func centering(_ frequencies: [Double]) throws -> KVCentering {
    switch value(.center) {
    case nil, "none": .none
    case "mean": .mean
    case "rotary-mean": .rotaryMean(TurboQuantKVCache.RotaryEmbedding(frequencies: frequencies))
    default: throw wrong(.center, "none, mean or rotary-mean")
    }
  }

  private func quantizer() throws -> Quantizer? {
    guard let text = value(.keys) else { return nil }
    let kinds: [String: Quantizer] = [
      "scalar": .scalar, "two-stage": .twoStage(sketch: .orthogonal),
      "two-stage-gaussian": .twoStage(sketch: .gaussian), "qjl": .qjl(sketch: .orthogonal),
      "polar": .polar(),
    ]
    guard let kind = kinds[text] else {
      throw wrong(.keys, kinds.keys.sorted().joined(separator: ", "))
    }
    return kind
  }

  private func estimator() throws -> Estimator? {
    guard let text = value(.estimator) else { return nil }
    guard let estimator = Estimator(rawValue: text) else {
      throw wrong(.estimator, Estimator.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return estimator
  }
}

extension KVCentering {
  fileprivate var turns: Bool {
    if case .rotaryMean = self { true } else { false }
  }
}

extension KVPrecision {
  /// Whether nothing is encoded.
  var isFloat: Bool {
    switch self {
    case .float32, .float16: true
    case .codes, .outliers, .sketches: false
    }
  }

  /// Whether the quantizer can be chosen.
  fileprivate var isPlainCode: Bool {
    if case .codes = self { true } else { false }
  }

  /// The precision with another quantizer; floats stay as they are.
  fileprivate func with(quantizer: Quantizer) -> KVPrecision {
    guard case .codes(let rate, _, let estimator) = self else { return self }
    return .codes(rate, quantizer: quantizer, estimator: estimator)
  }

  /// The precision with another estimator; floats stay as they are.
  fileprivate func with(estimator: Estimator) -> KVPrecision {
    switch self {
    case .codes(let rate, let quantizer, _):
      .codes(rate, quantizer: quantizer, estimator: estimator)
    case .outliers(let bits, _): .outliers(bits: bits, estimator: estimator)
    case .float32, .float16, .sketches: self
    }
  }
}
