// tq_index: create, describe, free.

public import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex

/// An index with a handle; searches run beside changes.
final class IndexResource: Resource {
  static let kind = HandleKind.index
  let shared: SharedVectorIndex

  init(_ index: VectorIndex) { shared = SharedVectorIndex(index) }
}

/// Creates an empty index.
@c @implementation
public func tq_index_create(
  _ options: UnsafePointer<tq_index_options>?, _ index: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let index = try unsafe emptied(index, "index")
    guard unsafe options != nil else { throw CallError.null("options") }
    unsafe index.pointee = try HandleTable.add(
      IndexResource(VectorIndex(tq_index_options(options))))
  }
}

/// Frees an index.
@c @implementation
public func tq_index_free(_ index: OpaquePointer?) -> tq_status {
  call { unsafe try HandleTable.remove(index, as: IndexResource.self) }
}

/// The number of rows.
@c @implementation
public func tq_index_count(
  _ index: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call { try unsafe place(count, "count").pointee = indexOf(index).snapshot.count }
}

/// The number of coordinates.
@c @implementation
public func tq_index_dimension(
  _ index: OpaquePointer?, _ dimension: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    try unsafe place(dimension, "dimension").pointee = indexOf(index).snapshot.codec.dimension
  }
}

/// The index of a handle.
func indexOf(_ index: OpaquePointer?) throws(CallError) -> SharedVectorIndex {
  unsafe try HandleTable.find(index, as: IndexResource.self).shared
}
