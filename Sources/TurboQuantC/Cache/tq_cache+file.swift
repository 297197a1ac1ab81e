// tq_cache: files, and bytes in memory.

public import CTurboQuant
internal import TurboQuantKVCache

/// Writes a snapshot.
@c @implementation
public func tq_cache_save(_ cache: OpaquePointer?, _ file: UnsafePointer<CChar>?) -> tq_status {
  call { try unsafe cacheOf(cache).snapshot.save(to: path(file)) }
}

/// Opens a snapshot.
@c @implementation
public func tq_cache_open(
  _ file: UnsafePointer<CChar>?, _ options: UnsafePointer<tq_cache_options>?,
  _ cache: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let cache = try unsafe emptied(cache, "cache")
    unsafe cache.pointee = try unsafe HandleTable.add(
      CacheResource(KVCache(opening: path(file), codec: codec(of: options))))
  }
}

/// The bytes of a snapshot.
@c @implementation
public func tq_cache_to_bytes(
  _ cache: OpaquePointer?, _ bytes: UnsafeMutablePointer<UInt8>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let cache = try unsafe cacheOf(cache).snapshot
    let needed = cache.serializedByteCount
    try unsafe place(count, "count").pointee = needed
    let target = try unsafe output(bytes, capacity: capacity, needed: needed, "bytes")
    try unsafe target.copy(cache.serialized())
  }
}

/// A cache from its bytes.
@c @implementation
public func tq_cache_from_bytes(
  _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ options: UnsafePointer<tq_cache_options>?,
  _ cache: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let cache = try unsafe emptied(cache, "cache")
    let bytes = try unsafe input(bytes, count: count, "bytes")
    unsafe cache.pointee = try unsafe HandleTable.add(
      CacheResource(KVCache(serialized: bytes.span.bytes, codec: codec(of: options))))
  }
}
