public import TurboQuantKVCache

/// A cache to evaluate, under a name.
///
/// To evaluate another cache, make a setting that makes it.
public struct CacheSetting: Sendable {
  /// What tables call it.
  public let name: String
  /// Makes the cache of a layer.
  public let make: @Sendable (_ shape: CacheShape, _ layer: Int) throws -> any LayerCache

  /// Creates a setting.
  public init(
    name: String,
    make: @escaping @Sendable (_ shape: CacheShape, _ layer: Int) throws -> any LayerCache
  ) {
    self.name = name
    self.make = make
  }

  /// The exact cache, which the others are compared with.
  public static let float32: CacheSetting = CacheSetting(name: "float32") { shape, _ in
    FloatCache(shape: shape)
  }

  /// A compressed cache.
  ///
  /// - Throws: `KVCacheError` for a configuration that is not offered.
  public static func compressed(
    _ configuration: KVConfiguration, name: String
  ) throws -> CacheSetting {
    let codec = try KVCodec(configuration)
    return CacheSetting(name: name) { _, _ in CompressedCache(codec) }
  }
}
