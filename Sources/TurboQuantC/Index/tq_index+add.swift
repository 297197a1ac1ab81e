// tq_index: add, upsert, remove, merge.

public import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex
internal import TurboQuantKernels

/// Adds vectors.
@c @implementation
public func tq_index_add(
  _ index: OpaquePointer?, _ vectors: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ ids: UnsafePointer<Int64>?, _ id_count: Int, _ threads: Int,
  _ assigned: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> tq_status {
  call {
    let index = unsafe try indexOf(index)
    let given = try unsafe input(ids, count: id_count, "ids")
    let ids = try unsafe ids == nil ? nil : storedIDs(given)
    let codec = index.snapshot.codec
    try unsafe withFloats(vectors, count: count, type, "vectors", codec.kernels) { vectors in
      let target = try unsafe optionalOutput(
        assigned, capacity: capacity, needed: vectors.count / codec.dimension, "assigned")
      let floats = vectors.copied()
      let used = try index.update { index in
        // A failure here takes the whole change back.
        try index.add(floats, ids: ids, threads: threadCount(threads)).map { try callerID($0) }
      }
      unsafe target?.copy(used)
    }
  }
}
