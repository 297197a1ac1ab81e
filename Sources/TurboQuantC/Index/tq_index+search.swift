// tq_index: search.

public import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex
internal import TurboQuantKernels

/// The nearest rows of each query.
@c @implementation
public func tq_index_search(
  _ index: OpaquePointer?, _ queries: UnsafeRawPointer?, _ count: Int, _ type: tq_type, _ k: Int,
  _ options: UnsafePointer<tq_search_options>?, _ scores: UnsafeMutablePointer<Float>?,
  _ ids: UnsafeMutablePointer<Int64>?, _ standard_errors: UnsafeMutablePointer<Float>?,
  _ capacity: Int
) -> tq_status {
  call {
    let index = try unsafe snapshot(index)
    let wanted = try unsafe tq_search_options(options)
    let options = try unsafe SearchOptions(wanted, hasStandardErrors: standard_errors != nil)
    try unsafe withFloats(queries, count: count, type, "queries", index.codec.kernels) { queries in
      let queryCount = queries.count / index.codec.dimension
      let needed = try product(queryCount, size(k), "results")
      let scores = try unsafe output(scores, capacity: capacity, needed: needed, "scores")
      let ids = try unsafe output(ids, capacity: capacity, needed: needed, "ids")
      let errors = try unsafe optionalOutput(
        standard_errors, capacity: capacity, needed: needed, "standard_errors")
      let found = try unsafe index.searchWithStatistics(
        queries, count: size(k), options: options,
        monitor(wanted.progress, wanted.context, total: queryCount)
      ).hits
      let missing: Float = index.metric.isDistance ? .infinity : -.infinity
      for (query, hits) in found.enumerated() {
        for place in 0..<k {
          let hit = place < hits.count ? hits[place] : nil
          let target = query * k + place
          unsafe scores[target] = hit?.score ?? missing
          unsafe ids[target] = try hit.map { try callerID($0.id) } ?? -1
          unsafe errors?[target] = hit?.standardError ?? 0
        }
      }
    }
  }
}
