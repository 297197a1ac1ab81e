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
    if let option = options.first(where: { !$0.name.goesWithAllCaches }) {
      throw idle(option.name, "it is for the caches of this package, and these are others")
    }
    return (keys, values)
  }

  /// The metrics of a file, one per layer; nil if the setting names none.
  func calibration(shape: CacheShape, layers: Int) throws -> KVCalibration? {
    guard let path = value(.equalization) else { return nil }
    guard try hasCodedKeys(layers: layers) else {
      throw idle(.equalization, "keys stay floats in all layers")
    }
    let calibration = try KVCalibration(contentsOf: path)
    guard calibration.layers.count == layers,
      calibration.layers.allSatisfy({
        $0.map { $0.heads.count == shape.keyValueHeads && $0.dimension == shape.headDimension }
          ?? true
      })
    else {
      throw wrong(
        .equalization,
        "a calibration of \(layers) layers with \(shape.keyValueHeads) heads of \(shape.headDimension)"
      )
    }
    return calibration
  }

  /// What the setting imposes on its caches.
  func conditions(shape: CacheShape, layers: Int) throws -> Conditions {
    Conditions(bias: try bias(), factors: try factors(shape: shape, layers: layers))
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
