/// A cache to evaluate, under a name.
///
/// To evaluate another cache, add a static member that makes it, and add it to `all`.
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

  /// All settings, in the order of tables; the first is what the others are compared with.
  public static let all: [CacheSetting] = [.float32]
}
