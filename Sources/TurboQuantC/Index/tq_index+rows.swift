// tq_index: what rows there are, and what they stand for.

public import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex

/// Whether there are rows with some ids.
@c @implementation
public func tq_index_contains(
  _ index: OpaquePointer?, _ ids: UnsafePointer<Int64>?, _ count: Int,
  _ found: UnsafeMutablePointer<UInt8>?, _ capacity: Int
) -> tq_status {
  call {
    let ids = try unsafe storedIDs(input(ids, count: count, "ids"))
    let target = try unsafe output(found, capacity: capacity, needed: count, "found")
    unsafe target.copy(
      try lookUp(index) { index in try ids.map { try index.contains($0) ? 1 : 0 } })
  }
}

/// The ids of all rows.
@c @implementation
public func tq_index_ids(
  _ index: OpaquePointer?, _ ids: UnsafeMutablePointer<Int64>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let stored = try unsafe snapshot(index).ids().map { try callerID($0) }
    try unsafe place(count, "count").pointee = stored.count
    try unsafe output(ids, capacity: capacity, needed: stored.count, "ids").copy(stored)
  }
}

/// The ids of the rows with some tags.
@c @implementation
public func tq_index_ids_of_tags(
  _ index: OpaquePointer?, _ tags: UnsafePointer<UInt8>?, _ tag_byte_count: Int,
  _ tag_offsets: UnsafePointer<UInt64>?, _ tag_count: Int, _ ids: UnsafeMutablePointer<Int64>?,
  _ capacity: Int
) -> tq_status {
  call {
    let tags = try unsafe rowTags(tags, tag_byte_count, tag_offsets, tag_count)
    let target = try unsafe output(ids, capacity: capacity, needed: tags.count, "ids")
    let found = try unsafe lookUp(index) { index in
      try tags.map { tag in try index.id(ofTag: tag).map { try callerID($0) } ?? -1 }
    }
    unsafe target.copy(found)
  }
}

/// The tags of the rows with some ids.
@c @implementation
public func tq_index_tags_of_ids(
  _ index: OpaquePointer?, _ ids: UnsafePointer<Int64>?, _ count: Int,
  _ tags: UnsafeMutablePointer<UInt8>?, _ tag_byte_capacity: Int,
  _ tag_byte_count: UnsafeMutablePointer<Int>?, _ tag_offsets: UnsafeMutablePointer<UInt64>?,
  _ offset_capacity: Int
) -> tq_status {
  call {
    let ids = try unsafe storedIDs(input(ids, count: count, "ids"))
    let found = try unsafe lookUp(index) { index in
      // Says that rows have no tags, where they have none.
      guard index.tagKind != nil else { return try removingNothingByTag(from: index) }
      return try ids.compactMap { try index.tag(of: $0) }
    }
    try unsafe place(tag_byte_count, "tag_byte_count").pointee = found.reduce(0) {
      $0 + $1.bytes.count
    }
    try unsafe copy(found, to: tags, tag_byte_capacity, tag_offsets, offset_capacity)
  }
}

/// The error of an index without tags, in the library's own words.
private func removingNothingByTag(from index: VectorIndex) throws -> [RowTag] {
  var index = index
  try index.remove(tags: [RowTag]())
  return []
}

/// What codes stand for.
@c @implementation
public func tq_index_reconstruct(
  _ index: OpaquePointer?, _ ids: UnsafePointer<Int64>?, _ count: Int,
  _ vectors: UnsafeMutablePointer<Float>?, _ capacity: Int
) -> tq_status {
  call {
    try unsafe copyVectors(of: ids, count, in: index, to: vectors, capacity) {
      try $0.reconstruct($1)
    }
  }
}

/// The vectors themselves.
@c @implementation
public func tq_index_original(
  _ index: OpaquePointer?, _ ids: UnsafePointer<Int64>?, _ count: Int,
  _ vectors: UnsafeMutablePointer<Float>?, _ capacity: Int
) -> tq_status {
  call {
    try unsafe copyVectors(of: ids, count, in: index, to: vectors, capacity) {
      try $0.original($1)
    }
  }
}

private func copyVectors(
  of ids: UnsafePointer<Int64>?, _ count: Int, in index: OpaquePointer?,
  to vectors: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ vector: (VectorIndex, UInt64) throws -> [Float]
) throws {
  let ids = try unsafe storedIDs(input(ids, count: count, "ids"))
  let needed = try unsafe product(count, snapshot(index).codec.dimension, "vectors")
  let target = try unsafe output(vectors, capacity: capacity, needed: needed, "vectors")
  let floats = try unsafe lookUp(index) { index in try ids.flatMap { try vector(index, $0) } }
  unsafe target.copy(floats)
}
