internal import Foundation
internal import TurboQuantKVCache

extension SettingWords {
  /// The formats of other projects that the setting names; nil if it names none.
  func baselines(dimension: Int) throws -> (keys: RowFormat, values: RowFormat)? {
    guard keys.isBaseline || values.isBaseline else { return nil }
    guard let keys = keys.format, let values = values.format else {
      throw SettingError(
        description: "a format of another project goes with another one or with 32, not with codes")
    }
    for format in [keys, values] where !format.fits(dimension) {
      throw SettingError(
        description: "\(format.rawValue) has blocks of 32; heads of \(dimension) do not fill them")
    }
    if let option = options.first(where: { !$0.name.isCondition }) {
      throw idle(option.name, "it is for the caches of this package, and these are others")
    }
    return (keys, values)
  }

  /// The setting with the conditions under which its caches work: the bias first, then uneven channels,
  /// which make the bias uneven too.
  func imposed(on setting: CacheSetting, shape: CacheShape, layers: Int) throws -> CacheSetting {
    let factors = try factors(shape: shape, layers: layers)
    let bias = try bias()
    guard factors != nil || bias != nil else { return setting }
    return CacheSetting(name: setting.name) { shape, layer in
      var cache = try setting.make(shape, layer)
      if let factors { cache = UnevenKeys(cache, shape: shape, factors: factors[layer]) }
      if let bias { cache = BiasedKeys(cache, shape: shape, size: bias, seed: UInt64(layer)) }
      return cache
    }
  }

  /// The factors of keys, layer by layer.
  private func factors(shape: CacheShape, layers: Int) throws -> [[Float]]? {
    guard let path = value(.uneven) else { return nil }
    let moments = try ChannelMoments(contentsOf: URL(filePath: path))
    return try (0..<layers).map { layer in
      guard
        let factors = moments.factors(
          layer: layer, of: layers, heads: shape.keyValueHeads, dimension: shape.headDimension)
      else {
        throw wrong(.uneven, "a file with a multiple of \(shape.headDimension) channels")
      }
      return factors
    }
  }

  private func bias() throws -> Float? {
    guard let text = value(.bias) else { return nil }
    guard let bias = Float(text), bias > 0, bias.isFinite else {
      throw wrong(.bias, "a number of key norms above 0")
    }
    return bias
  }
}

extension SettingWords.Storage {
  fileprivate var isBaseline: Bool {
    if case .baseline = self { true } else { false }
  }

  /// The format in a cache of other projects' formats.
  fileprivate var format: RowFormat? {
    switch self {
    case .baseline(let format): format
    case .precision(.float32): .float32
    case .precision: nil
    }
  }
}
