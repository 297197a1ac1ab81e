// tq_index: add and upsert, by ids and by tags.

public import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex
internal import TurboQuantKernels
internal import TurboQuantThreads

/// Adds vectors.
@c @implementation
public func tq_index_add(
  _ index: OpaquePointer?, _ vectors: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ ids: UnsafePointer<Int64>?, _ id_count: Int, _ options: UnsafePointer<tq_work_options>?,
  _ assigned: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> tq_status {
  call {
    let given = try unsafe input(ids, count: id_count, "ids")
    let ids = try unsafe ids == nil ? nil : storedIDs(given)
    try unsafe add(index, vectors, count, type, options, assigned, capacity) {
      try $0.add($1, ids: ids, threads: $2, $3)
    }
  }
}

/// Adds or replaces vectors.
@c @implementation
public func tq_index_upsert(
  _ index: OpaquePointer?, _ vectors: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ ids: UnsafePointer<Int64>?, _ id_count: Int, _ options: UnsafePointer<tq_work_options>?
) -> tq_status {
  call {
    let ids = try unsafe storedIDs(input(ids, count: id_count, "ids"))
    try unsafe add(index, vectors, count, type, options, nil, 0) {
      try $0.upsert($1, ids: ids, threads: $2, $3)
      return ids
    }
  }
}

/// Adds vectors with tags.
@c @implementation
public func tq_index_add_tagged(
  _ index: OpaquePointer?, _ vectors: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ tags: UnsafePointer<UInt8>?, _ tag_byte_count: Int, _ tag_offsets: UnsafePointer<UInt64>?,
  _ tag_count: Int, _ options: UnsafePointer<tq_work_options>?,
  _ assigned: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> tq_status {
  call {
    let tags = try unsafe rowTags(tags, tag_byte_count, tag_offsets, tag_count)
    try unsafe add(index, vectors, count, type, options, assigned, capacity) {
      try $0.add($1, tags: tags, threads: $2, $3)
    }
  }
}

/// Adds or replaces vectors with tags.
@c @implementation
public func tq_index_upsert_tagged(
  _ index: OpaquePointer?, _ vectors: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ tags: UnsafePointer<UInt8>?, _ tag_byte_count: Int, _ tag_offsets: UnsafePointer<UInt64>?,
  _ tag_count: Int, _ options: UnsafePointer<tq_work_options>?,
  _ assigned: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> tq_status {
  call {
    let tags = try unsafe rowTags(tags, tag_byte_count, tag_offsets, tag_count)
    try unsafe add(index, vectors, count, type, options, assigned, capacity) {
      try $0.upsert($1, tags: tags, threads: $2, $3)
    }
  }
}

/// Adds a caller's vectors by `body`, which gets the index, the vectors, threads and monitor, and returns the ids.
private func add(
  _ index: OpaquePointer?, _ vectors: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ options: UnsafePointer<tq_work_options>?, _ assigned: UnsafeMutablePointer<Int64>?,
  _ capacity: Int, _ body: (inout VectorIndex, [Float], Int, WorkMonitor?) throws -> [UInt64]
) throws {
  let codec = try unsafe snapshot(index).codec
  let options = try unsafe tq_work_options(options)
  try unsafe withFloats(vectors, count: count, type, "vectors", codec.kernels) { vectors in
    let rows = vectors.count / codec.dimension
    let target = try unsafe optionalOutput(
      assigned, capacity: capacity, needed: rows, "assigned")
    let (floats, monitor) = unsafe (vectors.copied(), options.monitor(total: rows))
    let ids = try unsafe change(index) { index in
      // Ids that the caller's type cannot hold take the whole change back.
      try unsafe body(&index, floats, options.threadCount, monitor).map { try callerID($0) }
    }
    unsafe target?.copy(ids)
  }
}
