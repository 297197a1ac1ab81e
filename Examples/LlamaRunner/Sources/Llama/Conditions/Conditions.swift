/// What a setting imposes on any cache: a bias of keys, then uneven channels, which make the bias uneven too.
struct Conditions: Sendable {
  /// In mean key norms.
  let bias: Float?
  /// The factors of keys, layer by layer.
  let factors: [[Float]]?

  /// The cache of a layer under these conditions.
  func imposed(on cache: any LayerCache, shape: CacheShape, layer: Int) -> any LayerCache {
    var cache = cache
    if let factors { cache = UnevenKeys(cache, shape: shape, factors: factors[layer]) }
    if let bias { cache = BiasedKeys(cache, shape: shape, size: bias, seed: UInt64(layer)) }
    return cache
  }
}
