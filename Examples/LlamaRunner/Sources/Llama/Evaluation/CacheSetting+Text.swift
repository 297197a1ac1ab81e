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
    3.5/3,sinks=4,window=64,center=rotary-mean. What would change nothing, such as a seed without
    codes, is refused
    """

  /// The setting that `text` describes, for the layers of a model.
  ///
  /// - Throws: `SettingError` when the text is not understood or a part of it would change nothing,
  ///   `KVCacheError` when the configuration is not offered.
  public init(_ text: String, for model: LlamaModel) throws {
    let words = try SettingWords(text)
    let layers = try words.layers(
      shape: model.configuration.cacheShape, count: model.configuration.layerCount,
      frequencies: model.rotaryFrequencies)
    self = try .compressed(layers, name: text)
  }
}
