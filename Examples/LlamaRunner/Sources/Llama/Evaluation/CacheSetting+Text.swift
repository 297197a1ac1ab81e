internal import TurboQuant
internal import TurboQuantKVCache

/// A setting that cannot be understood.
public struct SettingError: Error, Hashable, CustomStringConvertible {
  /// One line: what was wrong, and what was expected.
  public let description: String
}

extension CacheSetting {
  /// How settings are written.
  public static let syntax: String = """
    BITS or KEYS/VALUES, such as 4 or 4/3: 1, 1.5, 2 … 8, 16 or 32 bits a coordinate, or outliers-1 …
    outliers-7 (a quarter of the channels at a bit more); then, each after
    a comma: sinks=N, window=N (first and latest tokens in float16), sliding=N (tokens that a query
    sees), boundary=BITS (of the first and last layer), centre=mean or turned,
    keys=two-stage (codes of one bit less, and a sketch), qjl (signs) or polar (PolarQuant), estimator=reconstruction, renormalized or
    matched-norm, seed=N. For example 3.5/3,sinks=4,window=64,centre=turned
    """

  /// The setting that `text` describes, for the layers of a model.
  ///
  /// - Throws: `SettingError` where the text is not understood, `KVCacheError` where what it asks for is
  ///   not offered.
  public init(_ text: String, for model: LlamaModel) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let rates = words[0].split(separator: "/", omittingEmptySubsequences: false).map { word in
      KVPrecision(word: word)
    }
    guard rates.count <= 2, let keys = rates.first ?? nil, let values = rates.last ?? nil else {
      throw SettingError(
        description:
          "\"\(words[0])\" is no rate of keys and values: 1, 1.5, 2 … 8, 16 or 32 bits, or two of them "
          + "as in 4/3")
    }
    let shape = model.configuration.cacheShape
    var configuration = KVConfiguration(
      shape: KVShape(
        queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
        keyDimension: shape.headDimension),
      keys: keys, values: values)
    var boundary: KVPrecision?
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw SettingError(description: "\"\(word)\" in \"\(text)\" is not NAME=VALUE")
      }
      if parts[0] == "boundary" {
        boundary = Double(parts[1]).flatMap { KVPrecision(bitsPerCoordinate: $0) }
        guard boundary != nil else {
          throw SettingError(description: "\(word) in a cache setting: expected bits such as 8")
        }
        continue
      }
      try configuration.set(parts[0], to: parts[1], frequencies: model.rotaryFrequencies)
    }
    let count = model.configuration.layerCount
    let layers = (0..<count).map { layer in
      boundary.map {
        configuration.atLayer(layer, of: count, boundary: 1, keys: $0, values: $0)
      } ?? configuration
    }
    self = try .compressed(layers, name: text)
  }
}

extension KVConfiguration {
  fileprivate mutating func set(
    _ name: String, to value: String, frequencies: [Double]
  ) throws {
    func wrong(_ expected: String) -> SettingError {
      SettingError(description: "\(name)=\(value) in a cache setting: expected \(expected)")
    }
    switch name {
    case "sinks", "window", "sliding":
      guard let count = Int(value) else { throw wrong("a number of tokens") }
      switch name {
      case "sinks": sinks = count
      case "window": window = count
      default: slidingWindow = count
      }
    case "seed":
      guard let number = UInt64(value) else { throw wrong("a whole number") }
      seed = number
    case "centre":
      switch value {
      case "none": centring = .none
      case "mean": centring = .mean
      case "turned":
        centring = .turnedMean(TurboQuantKVCache.RotaryEmbedding(frequencies: frequencies))
      default: throw wrong("none, mean or turned")
      }
    case "keys":
      let kinds: [String: Quantizer] = [
        "scalar": .scalar, "two-stage": .twoStage(sketch: .orthogonal),
        "two-stage-gaussian": .twoStage(sketch: .gaussian), "qjl": .qjl(sketch: .orthogonal),
        "polar": .polar(),
      ]
      guard let kind = kinds[value] else {
        throw wrong(kinds.keys.sorted().joined(separator: ", "))
      }
      keys = keys.with(quantizer: kind)
    case "estimator":
      guard let estimator = Estimator(rawValue: value) else {
        throw wrong(Estimator.allCases.map(\.rawValue).joined(separator: ", "))
      }
      keys = keys.with(estimator: estimator)
      values = values.with(estimator: estimator)
    default:
      throw SettingError(
        description:
          "\"\(name)\" is nothing a cache setting has: sinks, window, sliding, boundary, centre, keys, "
          + "estimator, seed"
      )
    }
  }
}

extension KVPrecision {
  fileprivate init?(word: Substring) {
    let prefix = "outliers-"
    if word.hasPrefix(prefix), let bits = Int(word.dropFirst(prefix.count)) {
      self = .outliers(bits: bits)
    } else if let bits = Double(word) {
      self.init(bitsPerCoordinate: bits)
    } else {
      return nil
    }
  }

  fileprivate func with(
    quantizer: Quantizer? = nil, estimator: Estimator? = nil
  ) -> KVPrecision {
    if case .outliers(let bits, let ownEstimator) = self, quantizer == nil {
      return .outliers(bits: bits, estimator: estimator ?? ownEstimator)
    }
    guard case .codes(let rate, let ownQuantizer, let ownEstimator) = self else { return self }
    return .codes(
      rate, quantizer: quantizer ?? ownQuantizer, estimator: estimator ?? ownEstimator)
  }
}
