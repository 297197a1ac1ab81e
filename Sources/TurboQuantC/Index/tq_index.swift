// tq_index: create, describe, free.

public import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex

extension tq_index_information: OptionStruct {}

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
  call { try unsafe HandleTable.remove(index, as: IndexResource.self) }
}

/// The number of rows.
@c @implementation
public func tq_index_count(
  _ index: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call { try unsafe place(count, "count").pointee = snapshot(index).count }
}

/// What an index is.
@c @implementation
public func tq_index_info(
  _ index: OpaquePointer?, _ information: UnsafeMutablePointer<tq_index_information>?
) -> tq_status {
  call { try unsafe tq_index_information(snapshot(index)).write(to: information) }
}

/// The vector that is subtracted from every row.
@c @implementation
public func tq_index_mean(
  _ index: OpaquePointer?, _ mean: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let vector = try unsafe snapshot(index).mean ?? []
    try unsafe place(count, "count").pointee = vector.count
    try unsafe output(mean, capacity: capacity, needed: vector.count, "mean").copy(vector)
  }
}

extension tq_index_information {
  init(_ index: VectorIndex) {
    self.init()
    count = index.count
    dimension = index.codec.dimension
    bytes_per_vector = index.bytesPerVector
    seed = index.codec.seed
    bits = index.codec.rate.bitsPerCoordinate
    // The numbers of the header are those of the files.
    metric = tq_metric(index.metric.rawValue)
    quantizer = tq_quantizer(
      index.codec.sketch == nil ? TQ_QUANTIZER_SCALAR : TQ_QUANTIZER_TWO_STAGE)
    originals = tq_originals(index.originals?.rawValue ?? 0)
    tags = tq_tag_kind(index.tagKind?.rawValue ?? 0)
    has_mean = index.mean == nil ? 0 : 1
    unsafe withUnsafeMutableBytes(of: &fingerprint) {
      unsafe $0.copyBytes(from: index.fingerprint.bytes)
    }
  }
}

/// The index of a handle as it is now.
func snapshot(_ index: OpaquePointer?) throws(CallError) -> VectorIndex {
  try unsafe HandleTable.find(index, as: IndexResource.self).shared.snapshot
}

/// Changes the index of a handle; when `body` throws, nothing has changed.
func change<R: Sendable>(
  _ index: OpaquePointer?, _ body: (inout VectorIndex) throws -> R
) throws -> R {
  let resource = try unsafe HandleTable.find(index, as: IndexResource.self)
  // The change that called back holds the index.
  guard !ctq_is_inside_callback() else { throw CallError.insideCallback }
  let result = try resource.shared.update { (index) throws -> Result<R, IndexError> in
    do {
      return .success(try body(&index))
    } catch let error as IndexError {
      // The index is as it was. An error that left `update` would cost the table of ids, which takes time for each row.
      return .failure(error)
    }
  }
  return try result.get()
}

/// Looks rows up in the index of a handle, by its table of ids and tags.
func lookUp<R: Sendable>(
  _ index: OpaquePointer?, _ body: (VectorIndex) throws -> R
) throws -> R {
  // Nothing changes, whatever the error.
  let result = try unsafe change(index) { index in
    try index.loadSlots()
    return Result<R, any Error> { try body(index) }
  }
  return try result.get()
}
