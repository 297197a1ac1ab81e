// A search from its arguments to the best rows: check, prepare queries, choose how to search, deal out to threads.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

/// One search: checked, its queries prepared, ready to run.
final class Search: Sendable {
  let index: VectorIndex
  let queries: [PreparedQuery]
  /// The rows that may be returned.
  let allowed: AllowedRows
  /// How many rows to find for each query.
  let count: Int
  let scanner: Scanner
  /// What says which rows need not be read whole; nil where all are.
  private let rule: CertificateRule?
  let threads: Int
  /// Segments of the first stage of a certified search.
  let firstStageCount: Int
  /// What may end the search; asked before each group of queries reads a segment.
  let monitor: WorkMonitor?

  init(
    _ index: VectorIndex, _ floats: Span<Float>, count: Int, _ options: SearchOptions,
    _ monitor: WorkMonitor? = nil
  ) throws(IndexError) {
    guard count >= 1 else {
      throw IndexError(.countOutOfRange(count), "\(count) results; ask for at least 1")
    }
    if let rerank = options.rerank {
      guard index.originals != nil else { throw .noOriginals }
      guard rerank >= count else {
        throw IndexError(
          .countOutOfRange(rerank), "reranking \(rerank) rows cannot give \(count) results")
      }
    }
    self.index = index
    self.monitor = monitor
    threads = options.threads
    firstStageCount = options.firstStageCount
    queries = try Search.prepared(floats, index, monitor)
    allowed = try AllowedRows(options.filter, in: index)
    self.count = min(options.rerank ?? count, max(1, allowed.count))
    let lowerByteCount =
      index.rows.count / BlockShape.rowCount * index.shape.byteCount(of: .lowerBits)
    try CertificateRule.check(options.exactness)
    rule =
      lowerByteCount > options.exhaustiveByteLimit
      ? CertificateRule(index, options.exactness, count: self.count) : nil
    scanner = Scanner(index.rows, index.scanCodebook, index.codec.kernels)
  }

  private static func prepared(
    _ floats: Span<Float>, _ index: VectorIndex, _ monitor: WorkMonitor?
  ) throws(IndexError) -> [PreparedQuery] {
    let dimension = index.codec.dimension
    guard floats.count % dimension == 0 else { throw .length(floats.count, dimension: dimension) }
    var queries: [PreparedQuery] = []
    for start in stride(from: 0, to: floats.count, by: dimension) {
      try monitor?.check()
      let vector = floats.extracting(start..<start + dimension).copied()
      do throws(CodecError) {
        queries.append(try PreparedQuery(vector, index))
      } catch {
        throw IndexError(error.addingRows(start / dimension))
      }
      try index.check(queryNorm: queries[queries.count - 1].norm, row: start / dimension)
    }
    return queries
  }

  /// The best rows of each query, best first, and how much was read for them.
  struct Found: Sendable {
    var rows: [[RankedRow]] = []
    var statistics = SearchStatistics()

    mutating func append(_ other: Found) {
      rows += other.rows
      statistics = statistics + other.statistics
    }
  }

  /// The best rows of every query.
  func run() throws(IndexError) -> Found {
    // In the first stage of a certified search each group goes its own way.
    let isOneStage = rule != nil && index.rows.segments.count <= firstStageCount
    let schedule = Schedule(
      queryCount: queries.count, groupSize: groupSize,
      mostGroups: isOneStage ? 1 : Search.groupsPerSegment, threads: threads)
    let parts = try schedule.mapBatches { (batch) throws(IndexError) in
      try monitor?.check()
      let groups = groups(of: queries[batch])
      let found =
        if let rule, allowed.count > mostWithoutCertificate {
          try certified(groups, batch, rule, schedule)
        } else {
          try exhaustive(groups, schedule)
        }
      monitor?.advance(by: batch.count)
      return found
    }
    var found = Found()
    for part in parts { found.append(part) }
    return found
  }

  /// The most groups that take turns at a segment while it is in a near cache.
  ///
  /// The first one reads it from memory; more groups would gain little.
  private static let groupsPerSegment = 8

  /// Queries that are scanned together.
  private var groupSize: Int {
    // Signs, of codes or of a sketch, are looked up in tables, which serve fewer queries per pass.
    let hasTables = rule != nil || index.shape.sketchColumns > 0
    return hasTables ? BlockShape.tableQueries : index.scanCodebook.queriesPerPass
  }

  /// Some queries, in order, as the kernels read them.
  func groups(of queries: ArraySlice<PreparedQuery>) -> [QueryGroup] {
    Schedule.batches(of: queries.indices, size: groupSize).map {
      QueryGroup(
        queries[$0], index, readsSigns: rule != nil,
        readsSecondPlane: rule?.certificate.twoBits != nil)
    }
  }
}
