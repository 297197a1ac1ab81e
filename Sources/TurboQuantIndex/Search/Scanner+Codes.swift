internal import TurboQuant
internal import TurboQuantKernels

// Whole codes, read where they lie.

extension Scanner {
  /// Offers every allowed row of a chunk to `tops`, one list for each query of the group.
  mutating func scan(_ chunk: Int, _ group: ScanGroup, into tops: inout [TopRows])
    throws(IndexError)
  {
    let kernels = kernels
    for blocks in runs(ofChunk: chunk) {
      let first = firstSlot(chunk, blocks)
      try select(
        chunk, blocks, group, threshold: { tops[$0].threshold },
        begin: { query, keys in
          tops[query].begin(with: keys, kernels)
          return tops[query].threshold
        }
      ) { query, selected, ids in
        let (keys, rows) = (selected.similarities, selected.rows)
        for i in keys.indices where keys[i] >= tops[query].threshold {
          let row = Int(rows[i])
          tops[query].offer(
            Candidate(key: keys[i], id: ids.uint64(at: 8 * row), slot: first + row))
        }
      }
    }
  }

  /// Calls `take` with every allowed row of a chunk whose key for the group's one query is at least
  /// `threshold`.
  mutating func scan(
    _ chunk: Int, _ group: ScanGroup, threshold: Float, _ take: (Candidate) -> Void
  ) throws(IndexError) {
    for blocks in runs(ofChunk: chunk) {
      let first = firstSlot(chunk, blocks)
      try select(
        chunk, blocks, group, threshold: { _ in threshold }, begin: { _, _ in -.infinity }
      ) { _, selected, ids in
        let (keys, rows) = (selected.similarities, selected.rows)
        for i in keys.indices {
          let row = Int(rows[i])
          take(Candidate(key: keys[i], id: ids.uint64(at: 8 * row), slot: first + row))
        }
      }
    }
  }

  /// Calls `take` for each query with the rows of some blocks whose keys are at least its threshold, if there
  /// are any, and the blocks' ids.
  ///
  /// A query whose threshold is −∞ may `begin` with a better one.
  private mutating func select(
    _ chunk: Int, _ blocks: Range<Int>, _ group: ScanGroup, threshold: (_ query: Int) -> Float,
    begin: (_ query: Int, _ keys: Span<Float>) -> Float,
    _ take: (_ query: Int, _ selected: borrowing SelectedRows, _ ids: RawSpan) -> Void
  ) throws(IndexError) {
    var memory = takeMemory()
    defer { swap(&memory, &self.memory) }
    let source = store.chunks[chunk]
    let (masks, count) = (masks(chunk, blocks), rowCount(chunk, blocks))
    let hasSketch = store.shape.sketchColumns > 0
    try sum(source, blocks, group, &memory)
    let sums = memory.sums
    try source.withKeyScalars(blocks, alignments: !hasSketch) { (scalars) throws(IndexError) in
      for query in 0..<group.count {
        let rows = query * Chunk.rowCount..<query * Chunk.rowCount + count
        if hasSketch { try shareSketch(source, blocks, rows, query, group, &memory) }
        // Held apart, so that what is selected can be written while these are read.
        let shares = hasSketch ? memory.sketchShares : []
        let terms = SimilarityTerms(sums: sums.span.extracting(rows), scalars, addends: shares.span)
        let factors = group.laws[query].factors(group.tables.codeScales[query])
        kernels.selectRows(
          terms, factors, allowed: masks.span, threshold: threshold(query),
          begin: {
            begin(query, $0)
          }, into: &memory.selected)
        guard memory.selected.count > 0 else { continue }
        let selected = memory.selected
        try source.withBytes(of: .ids, blocks) { take(query, selected, $0) }
      }
    }
  }

  /// Leaves the sums of some blocks for the whole group, Chunk.rowCount apart.
  private func sum(
    _ source: Chunk, _ blocks: Range<Int>, _ group: ScanGroup, _ memory: inout ScanMemory
  ) throws(IndexError) {
    let hasSketch = store.shape.sketchColumns > 0
    memory.reserve(queries: group.count, hasSketch: hasSketch)
    try source.withCodes(blocks) { (codes) throws(IndexError) in
      var target = memory.sums.mutableSpan
      sum(codes, group, 0..<group.count, into: &target)
    }
    guard hasSketch else { return }
    try source.withSigns(of: .sketch, columns: store.shape.sketchColumns, blocks) {
      (plane) throws(IndexError) in
      var target = memory.sketchSums.mutableSpan
      kernels.scanLUT(
        plane, bits: 1, tables: group.tables.sketchTables.span, queryCount: group.count,
        into: &target, stride: Chunk.rowCount)
    }
  }

  /// The sums of codes for some queries of a group, by whichever kernel suits their width.
  func sum(
    _ blocks: borrowing IndexBlocks, _ group: ScanGroup, _ queries: Range<Int>,
    into sums: inout MutableSpan<Float>
  ) {
    let (shape, count) = (store.shape.codes, queries.count)
    func range(_ each: Int) -> Range<Int> { queries.lowerBound * each..<queries.upperBound * each }
    switch codes {
    case .signs, .tables:
      let entries = shape.bits == 1 ? group.tables.signTables.span : group.tables.codeTables.span
      kernels.scanLUT(
        blocks, bits: shape.bits,
        tables: entries.extracting(range(shape.tableByteCount(bits: shape.bits))),
        queryCount: count, into: &sums, stride: Chunk.rowCount)
    case .products(let centroids, _):
      kernels.scanInt8(
        blocks, centroids: centroids.span,
        weights: group.tables.weights.span.extracting(range(shape.weightCount)),
        queryCount: count, into: &sums, stride: Chunk.rowCount)
    case .wide(let magnitudes, _):
      kernels.scanInt16(
        blocks, magnitudes: magnitudes.span,
        weights: group.tables.wideWeights.span.extracting(range(shape.weightCount)),
        queryCount: count, into: &sums, stride: Chunk.rowCount)
    }
  }

  /// Leaves ‖r‖ times the sketch's estimates, which keys share.
  private func shareSketch(
    _ source: Chunk, _ blocks: Range<Int>, _ rows: Range<Int>, _ query: Int, _ group: ScanGroup,
    _ memory: inout ScanMemory
  ) throws(IndexError) {
    let sums = group.tables.sketchScales[query]
    let scale = group.laws[query].scale
    let factors = SimilarityFactors(
      step: Float(scale * sums.step), offset: Float(scale * sums.offset), normFactor: 0, constant: 0
    )
    let products = memory.sketchSums
    try source.withBytes(of: .residualNorms, blocks) { norms in
      var all = memory.sketchShares.mutableSpan
      var shares = all._mutatingExtracting(first: rows.count)
      kernels.similarities(
        SimilarityTerms(sums: products.span.extracting(rows), SimilarityScalars(norms: norms)),
        factors,
        into: &shares)
    }
  }
}
