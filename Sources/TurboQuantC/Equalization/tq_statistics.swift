// tq_statistics: what keys and queries of a calibration text have in common.

public import CTurboQuant
internal import TurboQuantKVCache
internal import TurboQuantKernels
internal import TurboQuantThreads

/// Statistics with a handle; one thread at a time adds to them, equalizations are made from a copy.
final class StatisticsResource: Resource {
  static let kind = HandleKind.statistics
  private let statistics: Guarded<KVStatistics>
  /// What widens a caller's numbers.
  let kernels: Kernels

  init(_ configuration: KVConfiguration) throws {
    statistics = Guarded(try KVStatistics(configuration))
    kernels = try Kernels.chosen()
  }

  /// The statistics as they are now.
  var snapshot: KVStatistics { statistics.withLock { $0 } }

  /// Changes the statistics.
  func change(_ body: (inout KVStatistics) throws(KVCacheError) -> Void) throws(KVCacheError) {
    try statistics.withLock(body)
  }
}

/// Creates statistics of no tokens.
@c @implementation
public func tq_statistics_create(
  _ options: UnsafePointer<tq_cache_options>?,
  _ statistics: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let statistics = try unsafe emptied(statistics, "statistics")
    unsafe statistics.pointee = try unsafe HandleTable.add(
      StatisticsResource(configuration(of: options)))
  }
}

/// Frees statistics.
@c @implementation
public func tq_statistics_free(_ statistics: OpaquePointer?) -> tq_status {
  call { try unsafe HandleTable.remove(statistics, as: StatisticsResource.self) }
}

/// Adds one sequence.
@c @implementation
public func tq_statistics_add(
  _ statistics: OpaquePointer?, _ keys: UnsafeRawPointer?, _ key_count: Int,
  _ queries: UnsafeRawPointer?, _ query_count: Int, _ type: tq_type
) -> tq_status {
  call {
    let statistics = try unsafe HandleTable.find(statistics, as: StatisticsResource.self)
    let kernels = statistics.kernels
    try unsafe withFloats(keys, count: key_count, type, "keys", kernels) { keys in
      try unsafe withFloats(queries, count: query_count, type, "queries", kernels) { queries in
        try statistics.change { (statistics) throws(KVCacheError) in
          try statistics.add(keys: keys, queries: queries)
        }
      }
    }
  }
}

/// The number of tokens.
@c @implementation
public func tq_statistics_count(
  _ statistics: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let statistics = try unsafe HandleTable.find(statistics, as: StatisticsResource.self)
    try unsafe place(count, "count").pointee = statistics.snapshot.tokenCount
  }
}

/// The best metrics of a kind.
@c @implementation
public func tq_statistics_equalization(
  _ statistics: OpaquePointer?, _ kind: tq_equalization, _ numbers: UnsafeMutablePointer<Float>?,
  _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let statistics = try unsafe HandleTable.find(statistics, as: StatisticsResource.self).snapshot
    let kind = try KVEqualization.Kind.named(kind)
    let shape = statistics.configuration.shape
    let needed = shape.keyValueHeads * KVEqualization.length(kind, shape.keyDimension)
    try unsafe place(count, "count").pointee = needed
    let target = try unsafe output(numbers, capacity: capacity, needed: needed, "numbers")
    try unsafe target.copy(statistics.equalization(kind).heads.flatMap { $0 })
  }
}
