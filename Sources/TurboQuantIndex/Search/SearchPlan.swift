internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantThreads

/// One search: checked, its queries prepared, ready to run on any number of threads.
final class SearchPlan: Sendable {
  private let index: VectorIndex
  private let queries: [PreparedQuery]
  private let options: SearchOptions
  private let allowed: [UInt32]?
  /// Rows that may be returned.
  let reachable: Int
  /// Rows to find for each query.
  private let count: Int
  /// What says which rows need not be read whole; nil where all are.
  private let rule: SearchRule?

  init(
    _ index: VectorIndex, _ floats: [Float], count: Int, _ options: SearchOptions
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
    self.options = options
    queries = try SearchPlan.queries(index, floats)
    (allowed, reachable) = try SearchPlan.allowed(index, options.filter)
    self.count = min(options.rerank ?? count, max(1, reachable))
    let rule = try SearchRule(index, options.exactness, count: self.count)
    let rest = index.rows.count / BlockShape.rowCount * index.shape.byteCount(of: .rest)
    self.rule = rest > options.exhaustiveByteLimit ? rule : nil
  }

  /// The number of queries.
  var queryCount: Int { queries.count }

  /// A query.
  func query(_ number: Int) -> PreparedQuery { queries[number] }
}

// MARK: Preparing

extension SearchPlan {
  private static func queries(
    _ index: VectorIndex, _ floats: [Float]
  ) throws(IndexError) -> [PreparedQuery] {
    let dimension = index.codec.dimension
    guard floats.count % dimension == 0 else { throw .length(floats.count, dimension: dimension) }
    var queries: [PreparedQuery] = []
    for start in stride(from: 0, to: floats.count, by: dimension) {
      let vector = Array(floats[start..<start + dimension])
      do throws(CodecError) {
        queries.append(try PreparedQuery(vector, index))
      } catch {
        throw IndexError(error.addingRows(start / dimension))
      }
      try index.check(queryNorm: queries[queries.count - 1].norm, row: start / dimension)
    }
    return queries
  }

  /// A bit for each row of each block, and the number of those set.
  private static func allowed(
    _ index: VectorIndex, _ filter: Filter?
  ) throws(IndexError) -> ([UInt32]?, Int) {
    guard let filter else { return (nil, index.count) }
    var masks = [UInt32](repeating: 0, count: index.rows.chunks.count * Chunk.blockCount)
    var reachable = 0
    func allow(_ slot: Int) {
      masks[slot / BlockShape.rowCount] |= 1 << UInt32(slot % BlockShape.rowCount)
      reachable += 1
    }
    if case .ids(let ids) = filter, let slots = index.slots, ids.count < index.count {
      for id in ids { if let slot = slots[id] { allow(slot) } }
      return (masks, reachable)
    }
    for (slot, id) in try index.ids().enumerated() {
      switch filter {
      case .ids(let ids): if ids.contains(id) { allow(slot) }
      case .predicate(let isAllowed): if isAllowed(id) { allow(slot) }
      }
    }
    return (masks, reachable)
  }
}

// MARK: Running

extension SearchPlan {
  typealias Found = (rows: [[Candidate]], statistics: SearchStatistics)

  /// The best rows of every query, best first.
  func run() throws(IndexError) -> Found {
    // Where all codes are read, groups take turns at each chunk; sums of signs, which are kept, would be too many.
    let mostTogether = rule == nil ? SearchPlan.groupsTogether : 1
    let forEachThread = queries.count / groupSize / max(1, options.threads)
    let together = max(1, min(mostTogether, forEachThread))
    let runs = SearchPlan.pieces(0..<queries.count, by: groupSize * together)
    // Many runs are dealt out to the threads; for few, each run's chunks are.
    let outer = runs.count >= options.threads ? options.threads : 1
    let inner = outer == 1 ? options.threads : 1
    let results = try Parallel.map(runs.count, threads: outer, state: makeScanner) {
      (scanner, number) throws(IndexError) in
      try run(runs[number], &scanner, threads: inner)
    }
    var found: Found = ([], SearchStatistics())
    for result in results {
      found.rows += result.rows
      found.statistics = found.statistics + result.statistics
    }
    return found
  }

  /// Groups that take turns at a chunk while it is in a near cache: more would gain little, since it is read from
  /// memory for the first alone.
  private static let groupsTogether = 8

  /// Queries that scan together.
  private var groupSize: Int {
    // Signs, of codes or of a sketch, are looked up in tables, which serve fewer queries a pass.
    let hasTables = rule != nil || index.shape.sketchColumns > 0
    return hasTables ? BlockShape.tableQueries : index.scanCodes.queriesPerPass
  }

  private static func pieces(_ numbers: Range<Int>, by size: Int) -> [Range<Int>] {
    stride(from: numbers.lowerBound, to: numbers.upperBound, by: size).map {
      $0..<min(numbers.upperBound, $0 + size)
    }
  }

  /// All rows of every query with a key of at least `key`, best first.
  func range(key: Float) throws(IndexError) -> [[Candidate]] {
    try Parallel.map(queries.count, threads: options.threads, state: makeScanner) {
      (scanner, number) throws(IndexError) in
      let group = group(number..<number + 1)
      var rows: [Candidate] = []
      for chunk in index.rows.chunks.indices {
        try scanner.scan(chunk, group, threshold: key) { rows.append($0) }
      }
      return rows.sorted(by: Candidate.isBetter)
    }
  }

  @Sendable private func makeScanner() -> Scanner {
    Scanner(index.rows, index.scanCodes, index.codec.kernels, allowed: allowed)
  }

  private func group(_ numbers: Range<Int>) -> ScanGroup {
    var tables = QueryTables()
    for query in queries[numbers] {
      tables.append(
        query.rotated.direction.span, query.rotated.projections.span,
        sketchScale: index.codec.sketch?.scale ?? 0, index.scanCodes, index.codec.kernels,
        readsSigns: rule != nil, readsSecondPlane: rule?.certificate.twoBits != nil)
    }
    return ScanGroup(tables: tables, laws: queries[numbers].map(\.law))
  }

  /// Chunks in as many runs as there are threads to scan them.
  private func shares(_ threads: Int) -> [Range<Int>] {
    let chunks = index.rows.chunks.count
    let shares = max(1, min(threads, chunks))
    return (0..<shares).map { chunks * $0 / shares..<chunks * ($0 + 1) / shares }
  }

  /// The best rows of some queries; `scanner` does the work alone where there is one thread.
  private func run(
    _ numbers: Range<Int>, _ scanner: inout Scanner, threads: Int
  ) throws(IndexError) -> Found {
    scanner.memory = index.scanMemory.take()
    defer { index.scanMemory.give(scanner.takeMemory()) }
    guard let rule, reachable > firstPass else {
      let groups = SearchPlan.pieces(numbers, by: groupSize).map { self.group($0) }
      return try scanAll(groups, &scanner, threads: threads)
    }
    let group = group(numbers)
    var found: Found = ([], SearchStatistics())
    found.statistics.rows = reachable * group.count
    var scans = try scanSigns(group, &scanner, rule, threads: threads)
    for query in 0..<group.count {
      let first = scans.likely[query].slots()
      var best = TopRows(count)
      try scanner.finish(first, query: query, group, into: &best)
      let survivals = try mark(best).flatMap { rule.survivals(query, group, $0) }
      let rest = try survivals.map { (survivals) throws(IndexError) in
        try survivors(scans.scanners, &scanner, query, survivals.signs, except: first)
      }
      // Without a mark (a zero query, or a zero row among the best) nothing tells rows apart; and where
      // every eighth row survives, all are sooner read than those are gathered.
      guard let survivals, let rest, 8 * rest.reduce(0, { $0 + $1.count }) <= reachable else {
        let number = numbers.lowerBound + query
        let all = try scanAll([self.group(number..<number + 1)], &scanner, threads: threads)
        found.rows += all.rows
        found.statistics.finished += reachable
        continue
      }
      let finished = try finish(
        rest, scans.scanners, &scanner, query, survivals, group, into: &best)
      found.statistics.finished += first.count + finished
      found.rows.append(best.sorted())
    }
    for share in scans.scanners.indices {
      index.scanMemory.give(scans.scanners[share].takeMemory())
    }
    return found
  }

  private func scanAll(
    _ groups: [ScanGroup], _ scanner: inout Scanner, threads: Int
  ) throws(IndexError) -> Found {
    @Sendable func scan(
      _ scanner: inout Scanner, _ chunks: Range<Int>
    ) throws(IndexError) -> [TopRows] {
      var tops = groups.map { [TopRows](repeating: TopRows(count), count: $0.count) }
      for chunk in chunks {
        for i in groups.indices { try scanner.scan(chunk, groups[i], into: &tops[i]) }
      }
      return tops.flatMap { $0 }
    }
    let shares = shares(threads)
    let parts: [[TopRows]]
    if shares.count == 1 {
      parts = [try scan(&scanner, shares[0])]
    } else {
      parts = try Parallel.map(shares.count, threads: threads, state: makeScanner) {
        (scanner, share) throws(IndexError) in try scan(&scanner, shares[share])
      }
    }
    var statistics = SearchStatistics()
    statistics.rows = reachable * groups.reduce(0) { $0 + $1.count }
    statistics.finished = statistics.rows
    return (SearchPlan.merged(parts).map { $0.sorted() }, statistics)
  }

  private static func merged(_ parts: [[TopRows]]) -> [TopRows] {
    var tops = parts[0]
    for part in parts.dropFirst() {
      for query in tops.indices { tops[query].merge(part[query]) }
    }
    return tops
  }
}

// MARK: Signs first

extension SearchPlan {
  /// Rows that are read whole because their signs look best; what they score is the mark for the rest.
  private var firstPass: Int { count + 22 }

  /// Reads all signs; the sums stay in `scanner`, or in one scanner for each thread's share.
  private func scanSigns(
    _ group: ScanGroup, _ scanner: inout Scanner, _ rule: SearchRule, threads: Int
  ) throws(IndexError) -> (scanners: [Scanner], likely: [LikelyRows]) {
    let shares = shares(threads)
    let signs = rule.certificate.signs
    let none = [LikelyRows](repeating: LikelyRows(firstPass), count: group.count)
    var likely = none
    guard shares.count > 1 else {
      try scanner.scanSigns(shares[0], group, signs, into: &likely)
      return ([], likely)
    }
    let parts = try Parallel.map(shares.count, threads: threads) { (share) throws(IndexError) in
      var own = (scanner: makeScanner(), likely: none)
      own.scanner.memory = index.scanMemory.take()
      try own.scanner.scanSigns(shares[share], group, signs, into: &own.likely)
      return own
    }
    for part in parts {
      for query in likely.indices { likely[query].merge(part.likely[query]) }
    }
    return (parts.map(\.scanner), likely)
  }

  /// What the rows already read whole ask of all others.
  private func mark(_ best: TopRows) throws(IndexError) -> ScanGroup.Mark? {
    guard let last = best.sorted().last else { return nil }
    return ScanGroup.Mark(
      key: last.key, norm: try index.rows.scalar(.norms, at: last.slot),
      along: try index.rows.scalar(.centerComponents, at: last.slot))
  }

  /// The slots of the rows that survive, one list for each share of the chunks.
  private func survivors(
    _ scanners: [Scanner], _ scanner: inout Scanner, _ query: Int,
    _ survival: ScanGroup.Survival, except first: [UInt32]
  ) throws(IndexError) -> [[UInt32]] {
    guard !scanners.isEmpty else {
      return [try scanner.survivors(query, survival, except: first)]
    }
    return try Parallel.map(scanners.count, threads: scanners.count) {
      (share) throws(IndexError) in
      var own = scanners[share]
      return try own.survivors(query, survival, except: first)
    }
  }

  /// Offers rows, one list for each thread, to `best` by their whole codes, but those whose first two bits say that
  /// they need not be; returns how many were read whole.
  private func finish(
    _ slots: [[UInt32]], _ scanners: [Scanner], _ scanner: inout Scanner, _ query: Int,
    _ survivals: SearchRule.Survivals, _ group: ScanGroup, into best: inout TopRows
  ) throws(IndexError) -> Int {
    @Sendable func finish(
      _ slots: [UInt32], _ scanner: inout Scanner, into best: inout TopRows
    ) throws(IndexError) -> Int {
      let left = try survivals.twoBits.map { (rule) throws(IndexError) in
        try scanner.survivors(query, rule.survival, rule.estimate, group, among: slots)
      }
      try scanner.finish(left ?? slots, query: query, group, into: &best)
      return (left ?? slots).count
    }
    guard !scanners.isEmpty else { return try finish(slots[0], &scanner, into: &best) }
    let count = count
    let parts = try Parallel.map(slots.count, threads: slots.count) { (share) throws(IndexError) in
      var own = (scanner: scanners[share], tops: TopRows(count), finished: 0)
      own.finished = try finish(slots[share], &own.scanner, into: &own.tops)
      return (own.tops, own.finished)
    }
    for part in parts { best.merge(part.0) }
    return parts.reduce(0) { $0 + $1.1 }
  }
}
