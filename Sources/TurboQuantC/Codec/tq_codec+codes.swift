// tq_codec: encode, decode, estimate.

public import CTurboQuant
internal import TurboQuant

/// A prepared query with a handle.
final class QueryResource: Resource {
  static let kind = HandleKind.query
  let query: Query

  init(_ query: Query) { self.query = query }
}

/// Encodes rows.
@c @implementation
public func tq_codec_encode(
  _ codec: OpaquePointer?, _ vectors: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ threads: Int, _ codes: UnsafeMutablePointer<UInt8>?, _ capacity: Int
) -> tq_status {
  call {
    let codec = try unsafe codecOf(codec)
    try unsafe withFloats(vectors, count: count, type, "vectors", codec.kernels) { vectors in
      let needed = try product(count / codec.dimension, codec.bytesPerVector, "codes")
      let target = try unsafe output(codes, capacity: capacity, needed: needed, "codes")
      let threads = threadCount(threads)
      guard threads == 1 else {
        return unsafe target.copy(try codec.encode(vectors, threads: threads).bytes)
      }
      var rows = unsafe target.mutableSpan
      try codec.encode(vectors, into: &rows)
    }
  }
}

/// Decodes rows.
@c @implementation
public func tq_codec_decode(
  _ codec: OpaquePointer?, _ codes: UnsafePointer<UInt8>?, _ count: Int, _ threads: Int,
  _ vectors: UnsafeMutablePointer<Float>?, _ capacity: Int
) -> tq_status {
  call {
    let codec = try unsafe codecOf(codec)
    let rows = try unsafe input(codes, count: count, "codes")
    let needed = try product(count / codec.bytesPerVector, codec.dimension, "vectors")
    let target = try unsafe output(vectors, capacity: capacity, needed: needed, "vectors")
    let threads = threadCount(threads)
    guard threads == 1 else {
      let matrix = try unsafe CodeMatrix(unidentified: Array(rows), of: codec)
      return unsafe target.copy(try codec.decode(matrix, threads: threads))
    }
    var floats = unsafe target.mutableSpan
    try unsafe codec.decode(rows: rows.span.bytes, into: &floats)
  }
}

/// Prepares a query.
@c @implementation
public func tq_query_create(
  _ codec: OpaquePointer?, _ vector: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ query: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let query = try unsafe emptied(query, "query")
    let codec = try unsafe codecOf(codec)
    unsafe query.pointee = try withFloats(vector, count: count, type, "vector", codec.kernels) {
      try unsafe HandleTable.add(QueryResource(codec.prepare($0)))
    }
  }
}

/// Frees a query.
@c @implementation
public func tq_query_free(_ query: OpaquePointer?) -> tq_status {
  call { try unsafe HandleTable.remove(query, as: QueryResource.self) }
}

/// Estimates inner products.
@c @implementation
public func tq_codec_estimate(
  _ codec: OpaquePointer?, _ query: OpaquePointer?, _ codes: UnsafePointer<UInt8>?, _ count: Int,
  _ estimator: tq_estimator, _ values: UnsafeMutablePointer<Double>?,
  _ standard_errors: UnsafeMutablePointer<Double>?, _ capacity: Int
) -> tq_status {
  call {
    let codec = try unsafe codecOf(codec)
    let query = try unsafe HandleTable.find(query, as: QueryResource.self).query
    let estimator = try Estimator.named(estimator)
    let rows = try unsafe Array(input(codes, count: count, "codes"))
    let codes = try CodeMatrix(unidentified: rows, of: codec)
    let values = try unsafe output(values, capacity: capacity, needed: codes.count, "values")
    let errors = try unsafe optionalOutput(
      standard_errors, capacity: capacity, needed: codes.count, "standard_errors")
    guard let errors = unsafe errors else {
      return unsafe values.copy(try codec.values(query, for: codes, by: estimator))
    }
    let estimates = try codec.estimates(query, for: codes, by: estimator)
    for (row, estimate) in estimates.enumerated() {
      unsafe values[row] = estimate.value
      unsafe errors[row] = estimate.standardError
    }
  }
}
