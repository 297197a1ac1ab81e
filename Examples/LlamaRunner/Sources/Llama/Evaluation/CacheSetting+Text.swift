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
    3.5/3,sinks=4,window=64,center=rotary-mean. To compare with, also as one of KEYS/VALUES beside
    another or 32: q8_0 and q4_0 (as llama.cpp), q4_0-rotated (behind a Hadamard transform), kivi-4
    (keys by channel, values by token, 4 bits). Any cache may get harder keys: uneven=FILE (channels
    as uneven as mean squares in an NPY file of layers, heads and channels), bias=N (one vector of N
    mean key norms added to all keys). What would change nothing, such as a seed without codes, is
    refused
    """

  /// The setting that `text` describes, for the layers of a model.
  ///
  /// - Throws: `SettingError` when the text is not understood or a part of it would change nothing,
  ///   `KVCacheError` when the configuration is not offered.
  public init(_ text: String, for model: LlamaModel) throws {
    let words = try SettingWords(text)
    let (shape, count) = (model.configuration.cacheShape, model.configuration.layerCount)
    let cache: CacheSetting
    if let (keys, values) = try words.baselines(dimension: shape.headDimension) {
      cache = .baseline(keys: keys, values: values, name: text)
    } else {
      let layers = try words.layers(
        shape: shape, count: count, frequencies: model.rotaryFrequencies)
      cache = try .compressed(layers, name: text)
    }
    self = try words.imposed(on: cache, shape: shape, layers: count)
  }
}
