public import TurboQuantKVCache

/// Finds the metrics in which the keys of a setting become codes, and whether they help.
public struct Calibrator: Sendable {
  private let model: LlamaModel
  private let text: String
  private let words: SettingWords
  /// The configuration of each layer's statistics; nil for a layer whose keys stay floats.
  private let configurations: [KVConfiguration?]
  private let conditions: Conditions

  /// Creates a calibrator for a setting that has no equalization yet.
  ///
  /// Throws `SettingError` as ``CacheSetting/init(_:for:)``, and for a setting whose keys stay floats.
  public init(_ setting: String, for model: LlamaModel) throws {
    (self.model, text) = (model, setting)
    words = try SettingWords(setting)
    let (shape, count) = (model.configuration.cacheShape, model.configuration.layerCount)
    guard words.value(.equalization) == nil else {
      throw words.wrong(.equalization, "a setting without, for which one is to be found")
    }
    guard try words.hasCodedKeys(layers: count) else {
      throw SettingError(description: "\"\(setting)\" keeps keys as floats, which need no metric")
    }
    if try words.baselines(dimension: shape.headDimension) != nil {
      // Other projects' caches take the keys as they are, without centre: those count, not the bits.
      let plain = KVConfiguration(
        shape: KVShape(
          queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
          keyDimension: shape.headDimension), keys: .bits(4), values: .float32)
      configurations = [KVConfiguration?](repeating: plain, count: count)
    } else {
      configurations = try words.layers(
        shape: shape, count: count, frequencies: model.rotaryFrequencies
      ).map { $0.keys.isFloat ? nil : $0 }
    }
    conditions = try words.conditions(shape: shape, layers: count)
  }

  /// Reads windows with an exact cache, and derives a calibration of each kind from their keys and queries.
  ///
  /// - Throws: `ModelError`, or `KVCacheError` for keys and queries that allow no metric.
  public func calibrations(
    _ kinds: [KVEqualization.Kind], from windows: [[Int]], progress: (Int) -> Void = { _ in }
  ) throws -> [KVCalibration] {
    let statistics = try self.statistics(of: windows, progress: progress)
    return try kinds.map { kind in
      KVCalibration(layers: try statistics.map { try $0?.equalization(kind) })
    }
  }

  private func statistics(
    of windows: [[Int]], progress: (Int) -> Void
  ) throws -> [KVStatistics?] {
    var statistics = try configurations.map { try $0.map { try KVStatistics($0) } }
    let shape = model.configuration.cacheShape
    for (index, window) in windows.enumerated() {
      let pass = Pass(layers: statistics.count)
      var caches = model.makeCaches { layer in
        let recording = RecordingCache(shape: shape) { pass.layers[layer] = ($0, $1) }
        return conditions.imposed(on: recording, shape: shape, layer: layer)
      }
      _ = try model.forward(window, caches: &caches)
      for (layer, seen) in pass.layers.enumerated() {
        try statistics[layer]?.add(keys: seen.keys.span, queries: seen.queries.span)
      }
      progress(index + 1)
    }
    return statistics
  }

  /// What the layers saw in one pass.
  private final class Pass {
    var layers: [(keys: [Float], queries: [Float])]

    init(layers count: Int) { layers = .init(repeating: ([], []), count: count) }
  }

  /// Compares the predictions with each calibration with those without, on windows that had no part in them.
  ///
  /// - Throws: `ModelError` or the error of a cache.
  public func judge(
    _ calibrations: [KVCalibration], on windows: [[Int]], progress: (Int) -> Void = { _ in }
  ) throws -> Judgement {
    let settings = [nil] + calibrations.map(Optional.some)
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: windows,
      settings: [.float32]
        + settings.map { try CacheSetting(words, $0, name: text, for: model) },
      progress: progress)
    return Judgement(plain: results[1], equalized: Array(results[2...]))
  }
}
