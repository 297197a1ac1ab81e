internal import TurboQuantKVCache

/// A setting that cannot be understood.
public struct SettingError: Error, Hashable, CustomStringConvertible {
  /// One line: what was wrong, and what was expected.
  public let description: String
}

extension CacheSetting {
  /// The syntax of settings.
  public static let syntax: String = """
    BITS or KEYS/VALUES, such as 4 or 4/3: 1, 1.5, 2 … 8, 16 or 32 bits per coordinate, or
    outliers-1 … outliers-7 (a quarter of the channels at a bit more); then, each after a comma and
    once: sinks=N, window=N (first and latest tokens in float16), sliding=N (tokens that a query
    sees), boundary=BITS (of the first and last layer), center=mean or rotary-mean, keys=two-stage
    (codes of one bit less, and a sketch), qjl (signs) or polar (PolarQuant),
    estimator=reconstruction, renormalized or matched-norm, seed=N. For example
    3.5/3,sinks=4,window=64,center=rotary-mean. Formats to compare with, for keys and values or for
    one of them beside another format or 32: q8_0, q4_0 (as in llama.cpp), q4_0-rotated (behind a
    Hadamard transform), kivi-4 (keys by channel, values by token). With these and with codes:
    equalization=FILE (keys in a metric that llama calibrate found). With any cache, to make keys
    harder: uneven=FILE (channels as uneven as the mean squares in an NPY file of layers, heads and
    channels), bias=N (one vector of N mean key norms added to all keys). What would change nothing,
    such as a seed without codes, is refused
    """

  /// The setting that `text` describes, for the layers of a model.
  ///
  /// - Throws: `SettingError` when the text is not understood or a part of it would change nothing,
  ///   `KVCacheError` when the configuration is not offered.
  public init(_ text: String, for model: LlamaModel) throws {
    let words = try SettingWords(text)
    let calibration = try words.calibration(
      shape: model.configuration.cacheShape, layers: model.configuration.layerCount)
    try self.init(words, calibration, name: text, for: model)
  }

  /// The setting of parsed words, with the metrics of a calibration.
  init(
    _ words: SettingWords, _ calibration: KVCalibration?, name: String, for model: LlamaModel
  ) throws {
    let (shape, count) = (model.configuration.cacheShape, model.configuration.layerCount)
    let metrics = calibration?.layers
    let setting: CacheSetting
    if let (keys, values) = try words.baselines(dimension: shape.headDimension) {
      setting = .baseline(keys: keys, values: values, equalizations: metrics, name: name)
    } else {
      var layers = try words.layers(
        shape: shape, count: count, frequencies: model.rotaryFrequencies)
      for layer in layers.indices where !layers[layer].keys.isFloat {
        layers[layer].equalization = metrics?[layer]
      }
      setting = try .compressed(layers, name: name)
    }
    let conditions = try words.conditions(shape: shape, layers: count)
    self.init(name: name) { shape, layer in
      conditions.imposed(on: try setting.make(shape, layer), shape: shape, layer: layer)
    }
  }
}
