public import TurboQuantKVCache

/// A named cache to evaluate.
///
/// To evaluate another cache, create a setting whose `make` creates that cache.
public struct CacheSetting: Sendable {
  /// What tables call it.
  public let name: String
  /// Creates the cache of a layer.
  public let make: @Sendable (_ shape: CacheShape, _ layer: Int) throws -> any LayerCache

  /// Creates a setting.
  public init(
    name: String,
    make: @escaping @Sendable (_ shape: CacheShape, _ layer: Int) throws -> any LayerCache
  ) {
    self.name = name
    self.make = make
  }

  /// The exact cache, with which the others are compared.
  public static let float32: CacheSetting = CacheSetting(name: "float32") { shape, _ in
    FloatCache(shape: shape)
  }

  /// A cache in formats of other projects, which fit the head dimension.
  static func baseline(
    keys: RowFormat, values: RowFormat, equalizations: [KVEqualization?]? = nil, name: String
  ) -> CacheSetting {
    CacheSetting(name: name) { shape, layer in
      let cache: any LayerCache =
        keys == .int4
        ? ChannelCache(shape: shape, values: values)
        : RowCache(shape: shape, keys: keys, values: values)
      guard let metric = equalizations?[layer] else { return cache }
      return EqualizedKeys(cache, shape: shape, metric)
    }
  }

  /// A compressed cache.
  ///
  /// - Throws: `KVCacheError` for a configuration that is not offered.
  ///
  /// - Parameters:
  ///   - layers: The configuration of each layer.
  ///   - name: What tables call it.
  public static func compressed(
    _ layers: [KVConfiguration], name: String
  ) throws -> CacheSetting {
    var codecs: [KVConfiguration: KVCodec] = [:]
    for configuration in Set(layers) { codecs[configuration] = try KVCodec(configuration) }
    let own = layers.compactMap { codecs[$0] }
    return CacheSetting(name: name) { _, layer in
      guard own.indices.contains(layer) else {
        throw SettingError(
          description: "\(name) is a setting for \(own.count) layers; there is no layer \(layer)")
      }
      return CompressedCache(own[layer])
    }
  }
}
