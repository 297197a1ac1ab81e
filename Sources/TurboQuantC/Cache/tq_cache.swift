// tq_cache: create, describe, fork, free.

public import CTurboQuant
internal import TurboQuantKVCache
internal import TurboQuantThreads

extension tq_cache_memory_use: OptionStruct {}

/// A cache with a handle; one thread at a time changes it, attention reads a copy, which shares its pages.
final class CacheResource: Resource {
  static let kind = HandleKind.cache
  private let cache: Guarded<KVCache>

  init(_ cache: KVCache) { self.cache = Guarded(cache) }

  /// The cache as it is now.
  var snapshot: KVCache { cache.withLock { $0 } }

  /// Changes the cache.
  func change(_ body: (inout KVCache) throws(KVCacheError) -> Void) throws(KVCacheError) {
    try cache.withLock(body)
  }
}

/// Creates an empty cache.
@c @implementation
public func tq_cache_create(
  _ options: UnsafePointer<tq_cache_options>?, _ cache: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let cache = try unsafe emptied(cache, "cache")
    unsafe cache.pointee = try unsafe HandleTable.add(CacheResource(KVCache(codec(of: options))))
  }
}

/// Frees a cache.
@c @implementation
public func tq_cache_free(_ cache: OpaquePointer?) -> tq_status {
  call { try unsafe HandleTable.remove(cache, as: CacheResource.self) }
}

/// The number of tokens.
@c @implementation
public func tq_cache_count(
  _ cache: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call { try unsafe place(count, "count").pointee = unsafe cacheOf(cache).snapshot.count }
}

/// The position of the next token.
@c @implementation
public func tq_cache_next_position(
  _ cache: OpaquePointer?, _ position: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    try unsafe place(position, "position").pointee = unsafe cacheOf(cache).snapshot.nextPosition
  }
}

/// Forgets the latest tokens.
@c @implementation
public func tq_cache_truncate(_ cache: OpaquePointer?, _ count: Int) -> tq_status {
  call {
    try unsafe cacheOf(cache).change { (cache) throws(KVCacheError) in
      try cache.truncate(to: size(count))
    }
  }
}

/// Removes tokens from anywhere.
@c @implementation
public func tq_cache_remove(_ cache: OpaquePointer?, _ first: Int, _ count: Int) -> tq_status {
  call {
    let first = size(first)
    let end = first + min(size(count), .max - first)
    try unsafe cacheOf(cache).change { (cache) throws(KVCacheError) in
      try cache.remove(first..<end)
    }
  }
}

/// A second cache with the same tokens.
@c @implementation
public func tq_cache_fork(
  _ cache: OpaquePointer?, _ fork: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let fork = try unsafe emptied(fork, "fork")
    unsafe fork.pointee = try unsafe HandleTable.add(CacheResource(cacheOf(cache).snapshot))
  }
}

/// The memory of a cache.
@c @implementation
public func tq_cache_memory(
  _ cache: OpaquePointer?, _ memory: UnsafeMutablePointer<tq_cache_memory_use>?
) -> tq_status {
  call {
    let use = try unsafe cacheOf(cache).snapshot.memory
    var values = tq_cache_memory_use()
    values.key_bytes = use.keyBytes
    values.value_bytes = use.valueBytes
    values.exact_bytes = use.exactBytes
    values.center_bytes = use.centerBytes
    values.channel_bytes = use.channelBytes
    try unsafe values.write(to: memory)
  }
}

/// The cache of a handle.
func cacheOf(_ cache: OpaquePointer?) throws(CallError) -> CacheResource {
  try unsafe HandleTable.find(cache, as: CacheResource.self)
}

/// The codec of a caller's options.
func codec(of options: UnsafePointer<tq_cache_options>?) throws -> KVCodec {
  try unsafe KVCodec(configuration(of: options))
}

/// The configuration of a caller's options.
func configuration(of options: UnsafePointer<tq_cache_options>?) throws -> KVConfiguration {
  guard unsafe options != nil else { throw CallError.null("options") }
  return try unsafe KVConfiguration(tq_cache_options(options))
}
