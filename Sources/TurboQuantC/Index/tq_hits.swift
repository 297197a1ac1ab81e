// tq_hits: lists of hits of different lengths.

public import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex
internal import TurboQuantKernels

extension tq_hits_information: OptionStruct {}

/// What a search found, with a handle.
final class HitsResource: Resource {
  static let kind = HandleKind.hits
  let lists: [[Hit]]
  /// Nil for a range search, which reads all rows.
  let statistics: SearchStatistics?

  init(_ lists: [[Hit]], _ statistics: SearchStatistics?) {
    self.lists = lists
    self.statistics = statistics
  }
}

/// The nearest rows of each query.
@c @implementation
public func tq_index_search_hits(
  _ index: OpaquePointer?, _ queries: UnsafeRawPointer?, _ count: Int, _ type: tq_type, _ k: Int,
  _ options: UnsafePointer<tq_search_options>?, _ with_errors: Int32,
  _ hits: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let hits = try unsafe emptied(hits, "hits")
    let index = try unsafe snapshot(index)
    let wanted = try unsafe tq_search_options(options)
    let options = try unsafe SearchOptions(wanted, hasStandardErrors: flag(with_errors))
    unsafe hits.pointee = try withFloats(
      queries, count: count, type, "queries", index.codec.kernels
    ) { queries in
      let found = try unsafe index.searchWithStatistics(
        queries, count: size(k), options: options,
        monitor(
          wanted.progress, wanted.context, total: queries.count / index.codec.dimension))
      return try unsafe HandleTable.add(HitsResource(found.hits, found.statistics))
    }
  }
}

/// All rows within a limit.
@c @implementation
public func tq_index_range_search(
  _ index: OpaquePointer?, _ queries: UnsafeRawPointer?, _ count: Int, _ type: tq_type,
  _ limit: Float, _ options: UnsafePointer<tq_search_options>?, _ with_errors: Int32,
  _ hits: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let hits = try unsafe emptied(hits, "hits")
    let index = try unsafe snapshot(index)
    let wanted = try unsafe tq_search_options(options)
    guard unsafe wanted.exactness != TQ_EXACTNESS_CERTIFIED, unsafe wanted.failure_probability == 0,
      unsafe wanted.progress == nil
    else {
      throw CallError.options(
        "a range search reads every code, certifies nothing, and does not tell progress")
    }
    let options = try unsafe SearchOptions(wanted, hasStandardErrors: flag(with_errors))
    unsafe hits.pointee = try withFloats(
      queries, count: count, type, "queries", index.codec.kernels
    ) { queries in
      let found = try index.rangeSearch(queries, limit: limit, options: options)
      return try unsafe HandleTable.add(HitsResource(found, nil))
    }
  }
}

/// Frees hits.
@c @implementation
public func tq_hits_free(_ hits: OpaquePointer?) -> tq_status {
  call { try unsafe HandleTable.remove(hits, as: HitsResource.self) }
}

/// How much there is to copy.
@c @implementation
public func tq_hits_info(
  _ hits: OpaquePointer?, _ information: UnsafeMutablePointer<tq_hits_information>?
) -> tq_status {
  call {
    let hits = try unsafe HandleTable.find(hits, as: HitsResource.self)
    var values = tq_hits_information()
    values.query_count = hits.lists.count
    for list in hits.lists {
      values.hit_count += list.count
      for hit in list { values.tag_byte_count += hit.tag?.bytes.count ?? 0 }
    }
    values.rows = hits.statistics?.rows ?? 0
    values.finished = hits.statistics?.finished ?? 0
    try unsafe values.write(to: information)
  }
}

/// Copies ids, scores and errors.
@c @implementation
public func tq_hits_copy(
  _ hits: OpaquePointer?, _ limits: UnsafeMutablePointer<Int>?, _ limit_capacity: Int,
  _ scores: UnsafeMutablePointer<Float>?, _ ids: UnsafeMutablePointer<Int64>?,
  _ standard_errors: UnsafeMutablePointer<Float>?, _ capacity: Int
) -> tq_status {
  call {
    let lists = try unsafe HandleTable.find(hits, as: HitsResource.self).lists
    let needed = lists.reduce(0) { $0 + $1.count }
    let limits = try unsafe output(
      limits, capacity: limit_capacity, needed: lists.count + 1, "limits")
    let scores = try unsafe output(scores, capacity: capacity, needed: needed, "scores")
    let ids = try unsafe output(ids, capacity: capacity, needed: needed, "ids")
    let errors = try unsafe optionalOutput(
      standard_errors, capacity: capacity, needed: needed, "standard_errors")
    var end = 0
    unsafe limits[0] = 0
    for (query, list) in lists.enumerated() {
      for hit in list {
        unsafe scores[end] = hit.score
        unsafe ids[end] = try callerID(hit.id)
        unsafe errors?[end] = hit.standardError ?? .nan
        end += 1
      }
      unsafe limits[query + 1] = end
    }
  }
}

/// Copies tags.
@c @implementation
public func tq_hits_copy_tags(
  _ hits: OpaquePointer?, _ tags: UnsafeMutablePointer<UInt8>?, _ tag_byte_capacity: Int,
  _ tag_offsets: UnsafeMutablePointer<UInt64>?, _ offset_capacity: Int
) -> tq_status {
  call {
    let lists = try unsafe HandleTable.find(hits, as: HitsResource.self).lists
    let all = lists.joined().map { $0.tag ?? RowTag(bytes: []) }
    try unsafe copy(all, to: tags, tag_byte_capacity, tag_offsets, offset_capacity)
  }
}

/// 0 or 1.
private func flag(_ number: Int32) throws(CallError) -> Bool {
  guard number == 0 || number == 1 else { throw .value(number, "0 or 1") }
  return number == 1
}
