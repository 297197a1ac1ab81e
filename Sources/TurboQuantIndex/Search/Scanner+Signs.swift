internal import TurboQuant
internal import TurboQuantKernels

// Signs first: one bit a coordinate says which rows are worth reading whole.

extension Scanner {
  /// Reads the sign plane of `chunks`, keeps its sums, and offers every allowed row to `likely` by what
  /// it says.
  mutating func scanSigns(
    _ chunks: Range<Int>, _ group: ScanGroup, _ prefix: Certificate.Prefix,
    into likely: inout [LikelyRows]
  ) throws(IndexError) {
    let kernels = kernels
    signChunks = chunks
    memory.signSums.reserve(group.count * signStride)
    let factors = (0..<group.count).map {
      group.laws[$0].factors(group.signEstimate($0, prefix))
    }
    var memory = takeMemory()
    defer { swap(&memory, &self.memory) }
    memory.reserve(queries: 0, hasSketch: false)
    for chunk in chunks {
      for blocks in runs(ofChunk: chunk) {
        try sumSigns(chunk, blocks, group, &memory)
        let first = UInt32(firstSlot(chunk, blocks))
        try select(
          chunk, blocks, 0..<group.count, &memory,
          threshold: { (factors[$0], likely[$0].threshold) },
          begin: { query, keys in
            likely[query].begin(with: keys, kernels)
            return likely[query].threshold
          }
        ) { query, selected in
          likely[query].offer(selected, first: first)
        }
      }
    }
  }

  /// The slots, ascending, of all rows whose signs, read before, survive for one query, except those in
  /// `read`, ascending too.
  mutating func survivors(
    _ query: Int, _ survival: ScanGroup.Survival, except read: [UInt32]
  ) throws(IndexError) -> [UInt32] {
    var slots: [UInt32] = []
    var memory = takeMemory()
    defer { swap(&memory, &self.memory) }
    memory.reserve(queries: 0, hasSketch: false)
    for chunk in signChunks {
      for blocks in runs(ofChunk: chunk) {
        let first = UInt32(firstSlot(chunk, blocks))
        try select(
          chunk, blocks, query..<query + 1, &memory,
          threshold: { _ in (survival.factors, survival.threshold) }, begin: { _, _ in -.infinity }
        ) { _, selected in
          let rows = selected.rows
          for i in rows.indices { slots.append(first + rows[i]) }
        }
      }
    }
    return Scanner.difference(slots, read)
  }

  /// What is in `slots` and not in `others`, both ascending.
  private static func difference(_ slots: [UInt32], _ others: [UInt32]) -> [UInt32] {
    var left: [UInt32] = []
    left.reserveCapacity(slots.count)
    var next = 0
    for slot in slots {
      while next < others.count, others[next] < slot { next += 1 }
      if next == others.count || others[next] != slot { left.append(slot) }
    }
    return left
  }

  /// Where a query's sum of the signs of the row in a slot of `signChunks` is.
  func signPlace(_ query: Int, _ slot: UInt32) -> Int {
    query * signStride + Int(slot) - signChunks.lowerBound * Chunk.rowCount
  }

  /// Floats from one query's sign sums to the next's.
  private var signStride: Int { signChunks.count * Chunk.rowCount }

  /// Where the sign sums of some blocks begin.
  private func signPlace(_ chunk: Int, _ blocks: Range<Int>) -> Int {
    firstSlot(chunk, blocks) - signChunks.lowerBound * Chunk.rowCount
  }

  private func sumSigns(
    _ chunk: Int, _ blocks: Range<Int>, _ group: ScanGroup, _ memory: inout ScanMemory
  ) throws(IndexError) {
    let (first, stride) = (signPlace(chunk, blocks), signStride)
    try store.chunks[chunk].withSigns(of: .signs, columns: store.shape.codes.columns, blocks) {
      (plane) throws(IndexError) in
      var all = memory.signSums.mutableSpan
      var target = all._mutatingExtracting(first...)
      kernels.scanLUT(
        plane, bits: 1, tables: group.tables.signTables.span, queryCount: group.count,
        into: &target, stride: stride)
    }
  }

  /// Calls `take` for each query with the rows of some blocks whose signs give a key of at least its threshold;
  /// a query whose threshold is −∞ may `begin` with a better one.
  private func select(
    _ chunk: Int, _ blocks: Range<Int>, _ queries: Range<Int>, _ memory: inout ScanMemory,
    threshold: (_ query: Int) -> (SimilarityFactors, Float),
    begin: (_ query: Int, _ keys: Span<Float>) -> Float,
    _ take: (_ query: Int, _ selected: borrowing SelectedRows) -> Void
  ) throws(IndexError) {
    let (masks, count) = (masks(chunk, blocks), rowCount(chunk, blocks))
    let (place, stride) = (signPlace(chunk, blocks), signStride)
    let sums = memory.signSums
    try store.chunks[chunk].withKeyScalars(blocks, alignments: false) { scalars in
      for query in queries {
        let first = query * stride + place
        let (factors, threshold) = threshold(query)
        kernels.selectRows(
          SimilarityTerms(sums: sums.span.extracting(first..<first + count), scalars), factors,
          allowed: masks.span, threshold: threshold, begin: { begin(query, $0) },
          into: &memory.selected)
        take(query, memory.selected)
      }
    }
  }
}
