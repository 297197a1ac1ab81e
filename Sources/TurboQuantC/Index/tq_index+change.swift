// tq_index: remove and merge.

public import CTurboQuant
internal import TurboQuantIndex

/// Removes rows by ids.
@c @implementation
public func tq_index_remove(
  _ index: OpaquePointer?, _ ids: UnsafePointer<Int64>?, _ count: Int
) -> tq_status {
  call {
    let ids = try unsafe storedIDs(input(ids, count: count, "ids"))
    try unsafe change(index) { try $0.remove(ids) }
  }
}

/// Removes rows by tags.
@c @implementation
public func tq_index_remove_tagged(
  _ index: OpaquePointer?, _ tags: UnsafePointer<UInt8>?, _ tag_byte_count: Int,
  _ tag_offsets: UnsafePointer<UInt64>?, _ tag_count: Int
) -> tq_status {
  call {
    let tags = try unsafe rowTags(tags, tag_byte_count, tag_offsets, tag_count)
    try unsafe change(index) { try $0.remove(tags: tags) }
  }
}

/// Adds the rows of another index.
@c @implementation
public func tq_index_merge(_ index: OpaquePointer?, _ other: OpaquePointer?) -> tq_status {
  call {
    let other = try unsafe snapshot(other)
    try unsafe change(index) { try $0.merge(other) }
  }
}
