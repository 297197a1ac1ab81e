// tq_cache: append, attend, decode.

public import CTurboQuant
internal import TurboQuantKVCache

/// Appends tokens.
@c @implementation
public func tq_cache_append(
  _ cache: OpaquePointer?, _ keys: UnsafeRawPointer?, _ key_count: Int,
  _ values: UnsafeRawPointer?, _ value_count: Int, _ type: tq_type, _ position: Int64,
  _ threads: Int
) -> tq_status {
  call {
    let cache = try unsafe cacheOf(cache)
    let kernels = cache.snapshot.codec.kernels
    let threads = threadCount(threads)
    try unsafe withFloats(keys, count: key_count, type, "keys", kernels) { keys in
      try unsafe withFloats(values, count: value_count, type, "values", kernels) { values in
        try cache.change { (cache) throws(KVCacheError) in
          try cache.append(
            keys: keys, values: values, at: position < 0 ? nil : Int(position), threads: threads)
        }
      }
    }
  }
}

/// Attention over the tokens held.
@c @implementation
public func tq_cache_attend(
  _ cache: OpaquePointer?, _ queries: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ scale: Float, _ threads: Int, _ target: UnsafeMutablePointer<Float>?, _ capacity: Int
) -> tq_status {
  call {
    let cache = try unsafe cacheOf(cache).snapshot
    let shape = cache.codec.configuration.shape
    try unsafe withFloats(queries, count: count, type, "queries", cache.codec.kernels) { queries in
      let rows = queries.count / shape.keyDimension
      let needed = try product(rows, shape.valueDimension, "output")
      let target = try unsafe output(target, capacity: capacity, needed: needed, "output")
      var floats = unsafe target.mutableSpan
      try cache.attend(
        queries, into: &floats, scale: scale == 0 ? nil : scale, threads: threadCount(threads))
    }
  }
}

/// What one head holds.
@c @implementation
public func tq_cache_decode(
  _ cache: OpaquePointer?, _ head: Int, _ keys: UnsafeMutablePointer<Float>?,
  _ key_capacity: Int, _ values: UnsafeMutablePointer<Float>?, _ value_capacity: Int,
  _ token_count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let cache = try unsafe cacheOf(cache).snapshot
    let decoded = try cache.decoded(head: size(head))
    try unsafe place(token_count, "token_count").pointee =
      decoded.keys.count / cache.codec.configuration.shape.keyDimension
    let keys = try unsafe output(
      keys, capacity: key_capacity, needed: decoded.keys.count, "keys")
    let values = try unsafe output(
      values, capacity: value_capacity, needed: decoded.values.count, "values")
    unsafe keys.copy(decoded.keys)
    unsafe values.copy(decoded.values)
  }
}
