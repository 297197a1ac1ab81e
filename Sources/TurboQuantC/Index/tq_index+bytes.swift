// tq_index: bytes in memory.

public import CTurboQuant
internal import TurboQuantIndex

/// The bytes of an index.
@c @implementation
public func tq_index_to_bytes(
  _ index: OpaquePointer?, _ bytes: UnsafeMutablePointer<UInt8>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let index = try unsafe snapshot(index)
    let needed = try index.serializedByteCount()
    try unsafe place(count, "count").pointee = needed
    let target = try unsafe output(bytes, capacity: capacity, needed: needed, "bytes")
    try unsafe target.copy(index.serialized())
  }
}

/// An index from its bytes.
@c @implementation
public func tq_index_from_bytes(
  _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ index: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let index = try unsafe emptied(index, "index")
    let bytes = try unsafe input(bytes, count: count, "bytes")
    unsafe index.pointee = try HandleTable.add(
      IndexResource(VectorIndex(serialized: bytes.span.bytes)))
  }
}
