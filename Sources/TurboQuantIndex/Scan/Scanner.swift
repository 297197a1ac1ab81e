internal import TurboQuant
internal import TurboQuantKernels

/// Scores the rows of a store, chunk by chunk; one for each thread, since it owns scratch memory.
struct Scanner {
  let store: RowStore
  let codes: ScanCodes
  let kernels: Kernels
  /// A bit for each row of each block that may be returned; nil where all may.
  let allowed: [UInt32]?

  private var sums: [Float] = []
  private var sketchSums: [Float] = []
  private var keys: [Float] = []
  private var places: [UInt32] = []
  private var found: [UInt32] = []
  /// Sums of the sign plane of `signChunks`, query by query.
  private var signSums: [Float] = []
  private var signChunks = 0..<0
  /// Rows gathered from all over the store.
  private var gathered: Chunk?
  private static let gatheredBlocks = 8

  init(_ store: RowStore, _ codes: ScanCodes, _ kernels: Kernels, allowed: [UInt32]?) {
    self.store = store
    self.codes = codes
    self.kernels = kernels
    self.allowed = allowed
  }
}

// MARK: Blocks that matter

extension Scanner {
  /// Runs of consecutive blocks of a chunk in which some row is allowed.
  private func runs(ofChunk chunk: Int) -> [Range<Int>] {
    let count = store.blockCount(ofChunk: chunk)
    guard let allowed else { return count > 0 ? [0..<count] : [] }
    var runs: [Range<Int>] = []
    for block in 0..<count where allowed[chunk * Chunk.blockCount + block] != 0 {
      if let last = runs.last, last.upperBound == block {
        runs[runs.count - 1] = last.lowerBound..<block + 1
      } else {
        runs.append(block..<block + 1)
      }
    }
    return runs
  }

  /// Takes rows that are not allowed, or not there, out of the running.
  private mutating func strikeOut(_ chunk: Int, _ blocks: Range<Int>, rowCount: Int) {
    guard let allowed else { return }
    for block in blocks {
      let mask = allowed[chunk * Chunk.blockCount + block]
      guard mask != .max else { continue }
      let first = (block - blocks.lowerBound) * BlockShape.rowCount
      for row in 0..<BlockShape.rowCount
      where mask >> UInt32(row) & 1 == 0 && first + row < rowCount {
        keys[first + row] = -.infinity
      }
    }
  }

  /// Rows of a chunk's run of blocks that are in use.
  private func rowCount(_ chunk: Int, _ blocks: Range<Int>) -> Int {
    let rows = BlockShape.rowCount
    return min(blocks.upperBound * rows, store.rowCount(ofChunk: chunk)) - blocks.lowerBound * rows
  }
}

// MARK: Whole codes

extension Scanner {
  /// Offers every allowed row of a chunk to `tops`, one list for each query of the group.
  mutating func scan(_ chunk: Int, _ group: ScanGroup, into tops: inout [TopRows])
    throws(IndexError)
  {
    for blocks in runs(ofChunk: chunk) {
      try sumCodes(chunk, blocks, group)
      for query in 0..<group.count {
        try makeKeys(chunk, blocks, query, group)
        try collect(chunk, blocks, into: &tops[query])
      }
    }
  }

  /// Calls `take` with every allowed row of a chunk whose key for the group's one query is at least
  /// `threshold`.
  mutating func scan(
    _ chunk: Int, _ group: ScanGroup, threshold: Float, _ take: (Candidate) -> Void
  ) throws(IndexError) {
    for blocks in runs(ofChunk: chunk) {
      try sumCodes(chunk, blocks, group)
      try makeKeys(chunk, blocks, 0, group)
      try collect(chunk, blocks, threshold: threshold, take)
    }
  }

  /// Leaves the sums of some blocks for the whole group in `sums`, Chunk.rowCount apart.
  private mutating func sumCodes(
    _ chunk: Int, _ blocks: Range<Int>, _ group: ScanGroup
  ) throws(IndexError) {
    reserve(&sums, group.count * Chunk.rowCount)
    var own: [Float] = []
    swap(&own, &sums)
    try store.chunks[chunk].withCodes(blocks) { (codes) throws(IndexError) in
      var target = own.mutableSpan
      sum(codes, group, 0..<group.count, into: &target)
    }
    swap(&own, &sums)
    guard store.shape.sketchColumns > 0 else { return }
    reserve(&sketchSums, group.count * Chunk.rowCount)
    swap(&own, &sketchSums)
    try store.chunks[chunk].withSigns(of: .sketch, columns: store.shape.sketchColumns, blocks) {
      (plane) throws(IndexError) in
      var target = own.mutableSpan
      kernels.tableSums(
        plane, bits: 1, tables: group.tables.sketchTables.span, queryCount: group.count,
        into: &target, stride: Chunk.rowCount)
    }
    swap(&own, &sketchSums)
  }

  /// The sums of codes for some queries of a group, by whichever kernel suits their width.
  private func sum(
    _ blocks: borrowing IndexBlocks, _ group: ScanGroup, _ queries: Range<Int>,
    into sums: inout MutableSpan<Float>
  ) {
    let (shape, count) = (store.shape.codes, queries.count)
    func range(_ each: Int) -> Range<Int> { queries.lowerBound * each..<queries.upperBound * each }
    switch codes {
    case .signs, .tables:
      let entries = shape.bits == 1 ? group.tables.signTables.span : group.tables.codeTables.span
      kernels.tableSums(
        blocks, bits: shape.bits,
        tables: entries.extracting(range(32 * shape.bits * shape.columns)), queryCount: count,
        into: &sums, stride: Chunk.rowCount)
    case .products(let centroids, _):
      kernels.productSums(
        blocks, centroids: centroids.span,
        weights: group.tables.weights.span.extracting(range(shape.productWeightCount)),
        queryCount: count, into: &sums, stride: Chunk.rowCount)
    case .wide(let centroids, _):
      kernels.wideSums(
        blocks, centroids: centroids.span,
        weights: group.tables.wideWeights.span.extracting(range(8 * shape.columns)),
        queryCount: count, into: &sums, stride: Chunk.rowCount)
    }
  }

  /// Leaves the keys of one query for some blocks in `keys`.
  private mutating func makeKeys(
    _ chunk: Int, _ blocks: Range<Int>, _ query: Int, _ group: ScanGroup
  ) throws(IndexError) {
    let rows = rowCount(chunk, blocks)
    let first = query * Chunk.rowCount
    resize(&keys, rows)
    var own: [Float] = []
    swap(&own, &keys)
    let hasSketch = store.shape.sketchColumns > 0
    let factors = group.laws[query].factors(group.tables.codeScales[query])
    let source = store.chunks[chunk]
    try source.withBytes(of: .norms, blocks) { (norms) throws(IndexError) in
      try source.withBytes(of: .meanComponents, blocks) { (along) throws(IndexError) in
        try source.withBytes(of: .alignments, hasSketch ? 0..<0 : blocks) { alignments in
          var target = own.mutableSpan
          kernels.rowKeys(
            sums.span.extracting(first..<first + rows), norms: norms, alignments: alignments,
            along: along, factors, into: &target)
        }
      }
    }
    if hasSketch { try addSketch(chunk, blocks, first, query, group, to: &own) }
    swap(&own, &keys)
    strikeOut(chunk, blocks, rowCount: rows)
  }

  /// Adds ‖r‖ times the sketch's estimate.
  private func addSketch(
    _ chunk: Int, _ blocks: Range<Int>, _ first: Int, _ query: Int, _ group: ScanGroup,
    to keys: inout [Float]
  ) throws(IndexError) {
    let sums = group.tables.sketchScales[query]
    let scale = group.laws[query].scale
    let factors = KeyFactors(
      step: Float(scale * sums.step), offset: Float(scale * sums.offset), normShare: 0, constant: 0)
    var shares = [Float](repeating: 0, count: keys.count)
    try store.chunks[chunk].withBytes(of: .residualNorms, blocks) { norms in
      var target = shares.mutableSpan
      kernels.rowKeys(
        sketchSums.span.extracting(first..<first + keys.count), norms: norms,
        alignments: RawSpan(), factors, into: &target)
    }
    for row in keys.indices { keys[row] += shares[row] }
  }

  /// Offers the rows of some blocks to `top`; of most that pass its first threshold a later one needs no id.
  private mutating func collect(
    _ chunk: Int, _ blocks: Range<Int>, into top: inout TopRows
  ) throws(IndexError) {
    places.removeAll(keepingCapacity: true)
    var own: [UInt32] = []
    swap(&own, &places)
    defer { swap(&own, &places) }
    select(threshold: top.threshold, start: 0, appendingTo: &own)
    guard !own.isEmpty else { return }
    let first = chunk * Chunk.rowCount + blocks.lowerBound * BlockShape.rowCount
    try store.chunks[chunk].withBytes(of: .ids, blocks) { ids in
      for place in own {
        let row = Int(place)
        let key = keys[row]
        guard key >= top.threshold else { continue }
        top.offer(Candidate(key: key, id: ids.uint64(at: 8 * row), slot: first + row))
      }
    }
  }

  /// Calls `take` with the rows of some blocks whose keys are at least `threshold`.
  private mutating func collect(
    _ chunk: Int, _ blocks: Range<Int>, threshold: Float, _ take: (Candidate) -> Void
  ) throws(IndexError) {
    places.removeAll(keepingCapacity: true)
    var own: [UInt32] = []
    swap(&own, &places)
    defer { swap(&own, &places) }
    select(threshold: threshold, start: 0, appendingTo: &own)
    guard !own.isEmpty else { return }
    let first = chunk * Chunk.rowCount + blocks.lowerBound * BlockShape.rowCount
    try store.chunks[chunk].withBytes(of: .ids, blocks) { ids in
      for place in own {
        let row = Int(place)
        take(Candidate(key: keys[row], id: ids.uint64(at: 8 * row), slot: first + row))
      }
    }
  }

  /// Appends to `rows` the places of keys of at least `threshold`, each plus `start`.
  private mutating func select(threshold: Float, start: Int, appendingTo rows: inout [UInt32]) {
    var scratch: [UInt32] = []
    swap(&scratch, &found)
    // A struck-out key is −∞, which no threshold may let in.
    kernels.selectRows(
      keys.span, threshold: max(threshold, -.greatestFiniteMagnitude), start: start,
      appendingTo: &rows, &scratch)
    swap(&scratch, &found)
  }

  private func reserve(_ floats: inout [Float], _ count: Int) {
    if floats.count < count { floats = [Float](repeating: 0, count: count) }
  }

  private func resize(_ floats: inout [Float], _ count: Int) {
    if floats.count > count {
      floats.removeLast(floats.count - count)
    } else if floats.count < count {
      floats.append(contentsOf: repeatElement(0, count: count - floats.count))
    }
  }
}

// MARK: Signs first

extension Scanner {
  /// Reads the sign plane of `chunks`, keeps its sums, and offers every allowed row to `tops` by what
  /// it says.
  mutating func scanSigns(
    _ chunks: Range<Int>, _ group: ScanGroup, length: Double, into tops: inout [TopRows]
  ) throws(IndexError) {
    signChunks = chunks
    let stride = signStride
    reserve(&signSums, group.count * stride)
    var own: [Float] = []
    swap(&own, &signSums)
    defer { swap(&own, &signSums) }
    for chunk in chunks {
      let start = (chunk - chunks.lowerBound) * Chunk.rowCount
      for blocks in runs(ofChunk: chunk) {
        let first = start + blocks.lowerBound * BlockShape.rowCount
        try store.chunks[chunk].withSigns(
          of: .signs, columns: store.shape.codes.columns, blocks
        ) { (plane) throws(IndexError) in
          var all = own.mutableSpan
          var target = all._mutatingExtracting(first...)
          kernels.tableSums(
            plane, bits: 1, tables: group.tables.signTables.span, queryCount: group.count,
            into: &target, stride: stride)
        }
        for query in 0..<group.count {
          let factors = group.laws[query].factors(group.tables.signScales[query], over: length)
          let from = query * stride + first
          try makeSignKeys(chunk, blocks, own.span.extracting(from...), factors)
          try collect(chunk, blocks, into: &tops[query])
        }
      }
    }
  }

  /// Floats from one query's sign sums to the next's.
  private var signStride: Int { signChunks.count * Chunk.rowCount }

  private mutating func makeSignKeys(
    _ chunk: Int, _ blocks: Range<Int>, _ sums: Span<Float>, _ factors: KeyFactors
  ) throws(IndexError) {
    let rows = rowCount(chunk, blocks)
    resize(&keys, rows)
    var own: [Float] = []
    swap(&own, &keys)
    let source = store.chunks[chunk]
    try source.withBytes(of: .norms, blocks) { (norms) throws(IndexError) in
      try source.withBytes(of: .meanComponents, blocks) { along in
        var target = own.mutableSpan
        kernels.rowKeys(
          sums, norms: norms, alignments: RawSpan(), along: along, factors, into: &target)
      }
    }
    swap(&own, &keys)
    strikeOut(chunk, blocks, rowCount: rows)
  }

  /// The slots, ascending, of all rows whose signs, read before, survive for one query, except those in
  /// `first`, ascending too.
  mutating func survivors(
    _ query: Int, _ group: ScanGroup, _ survival: ScanGroup.Survival, except first: [UInt32]
  ) throws(IndexError) -> [UInt32] {
    var slots: [UInt32] = []
    var sums: [Float] = []
    swap(&sums, &signSums)
    defer { swap(&sums, &signSums) }
    for chunk in signChunks {
      let start = (chunk - signChunks.lowerBound) * Chunk.rowCount + query * signStride
      for blocks in runs(ofChunk: chunk) {
        let inside = blocks.lowerBound * BlockShape.rowCount
        try makeSignKeys(
          chunk, blocks, sums.span.extracting((start + inside)...), survival.factors)
        select(
          threshold: survival.threshold, start: chunk * Chunk.rowCount + inside,
          appendingTo: &slots)
      }
    }
    // Both ascend, so that one pass takes out what has been read whole already.
    var next = 0
    slots.removeAll { slot in
      while next < first.count, first[next] < slot { next += 1 }
      return next < first.count && first[next] == slot
    }
    return slots
  }
}

// MARK: Single rows

extension Scanner {
  /// Offers the rows in `slots`, ascending, to `best` by their whole codes.
  ///
  /// Rows are gathered into blocks, so that the kernels that scan give a row the same score here.
  mutating func finish(
    _ slots: [UInt32], query: Int, _ group: ScanGroup, into best: inout TopRows
  ) throws(IndexError) {
    reserve(&sums, Chunk.rowCount)
    let blockCount = Scanner.gatheredBlocks
    var gathered =
      self.gathered ?? Chunk(store.shape.withoutIdentity, blockCount: blockCount)
    self.gathered = nil
    defer { self.gathered = gathered }
    for start in stride(from: 0, to: slots.count, by: blockCount * BlockShape.rowCount) {
      let some = slots[start..<min(slots.count, start + blockCount * BlockShape.rowCount)]
      try gathered.gather(some, from: store)
      let blocks = 0..<(some.count + BlockShape.rowCount - 1) / BlockShape.rowCount
      resize(&keys, some.count)
      var (ownSums, ownKeys): ([Float], [Float]) = ([], [])
      swap(&ownSums, &sums)
      swap(&ownKeys, &keys)
      let factors = group.laws[query].factors(group.tables.codeScales[query])
      try gathered.withCodes(blocks) { (codes) throws(IndexError) in
        var target = ownSums.mutableSpan
        sum(codes, group, query..<query + 1, into: &target)
      }
      try gathered.withBytes(of: .norms, blocks) { (norms) throws(IndexError) in
        try gathered.withBytes(of: .meanComponents, blocks) { (along) throws(IndexError) in
          try gathered.withBytes(of: .alignments, blocks) { alignments in
            var target = ownKeys.mutableSpan
            kernels.rowKeys(
              ownSums.span, norms: norms, alignments: alignments, along: along, factors,
              into: &target)
          }
        }
      }
      swap(&ownSums, &sums)
      swap(&ownKeys, &keys)
      for (place, slot) in some.enumerated() where keys[place] >= best.threshold {
        let id = try store.id(at: Int(slot))
        best.offer(Candidate(key: keys[place], id: id, slot: Int(slot)))
      }
    }
  }
}
