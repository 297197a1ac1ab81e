internal import TurboQuant
internal import TurboQuantKernels

// Single rows, gathered into blocks, so that the kernels that scan give a row the same score here.

extension Scanner {
  private static let gatheredBlocks = 8

  /// Offers the rows in `slots`, ascending, to `best` by their whole codes.
  ///
  /// Where a code is the sum of its planes and its signs were read before, only the rest of it is, if the sum stays
  /// the same to the bit.
  mutating func finish(
    _ slots: [UInt32], query: Int, _ group: ScanGroup, into best: inout TopRows
  ) throws(IndexError) {
    let factors = group.laws[query].factors(group.tables.codeScales[query])
    let addsToSigns =
      codes.areSumsOfPlanes && store.shape.codes.arePlaneSumsExact && !signChunks.isEmpty
    let gathered = addsToSigns ? Chunk.Gathered.secondPlanes(alignments: true) : .codes
    try gather(gathered, slots) { (scanner, source, some, memory) throws(IndexError) in
      if addsToSigns {
        try scanner.sumSeconds(source, some, query, group, steps: (signs: 1, seconds: 1), &memory)
      } else {
        try source.withCodes(0..<BlockShape.blockCount(ofRows: some.count)) {
          (codes) throws(IndexError) in
          var target = memory.sums.mutableSpan
          scanner.sum(codes, group, query..<query + 1, into: &target)
        }
      }
      try scanner.select(
        source, some.count, factors, threshold: best.threshold, alignments: true, &memory)
      for i in 0..<memory.selected.count where memory.selected.similarities[i] >= best.threshold {
        let slot = Int(some[Int(memory.selected.rows[i])])
        best.offer(
          Candidate(
            key: memory.selected.similarities[i], id: try scanner.store.id(at: slot), slot: slot))
      }
    }
  }

  /// Those of `slots`, ascending, that survive by the first two bits of their codes, the first of which were read
  /// before.
  mutating func survivors(
    _ query: Int, _ survival: ScanGroup.Survival, _ estimate: TwoBitEstimate, _ group: ScanGroup,
    among slots: [UInt32]
  ) throws(IndexError) -> [UInt32] {
    var left: [UInt32] = []
    let steps = (signs: Float(estimate.signs.step), seconds: Float(estimate.seconds.step))
    try gather(.secondPlanes(alignments: false), slots) {
      (scanner, source, some, memory) throws(IndexError) in
      try scanner.sumSeconds(source, some, query, group, steps: steps, &memory)
      try scanner.select(
        source, some.count, survival.factors, threshold: survival.threshold, alignments: false,
        &memory)
      let rows = memory.selected.rows
      for i in rows.indices { left.append(some[Int(rows[i])]) }
    }
    return left
  }

  /// Leaves what the signs of the rows in `slots`, summed before, and their second bits, gathered in `source`, come
  /// to together, a sum of each counting its step.
  private func sumSeconds(
    _ source: Chunk, _ slots: Span<UInt32>, _ query: Int, _ group: ScanGroup,
    steps: (signs: Float, seconds: Float), _ memory: inout ScanMemory
  ) throws(IndexError) {
    let shape = store.shape.codes
    let blocks = 0..<BlockShape.blockCount(ofRows: slots.count)
    try source.withSigns(of: .signs, columns: shape.columns, blocks) { plane in
      let size = shape.tableByteCount(bits: 1)
      let tables = group.tables.secondTables.span
      var target = memory.sums.mutableSpan
      kernels.scanLUT(
        plane, bits: 1, tables: tables.extracting(size * query..<size * (query + 1)),
        queryCount: 1, into: &target, stride: Chunk.rowCount)
    }
    for i in slots.indices {
      let sign = memory.signSums[signPlace(query, slots[i])]
      memory.sums[i] = steps.signs * sign + steps.seconds * memory.sums[i]
    }
  }

  /// Gathers the rows in `slots` some at a time; `take` has these and memory for their sums.
  private mutating func gather(
    _ gathered: Chunk.Gathered, _ slots: [UInt32],
    _ take: (
      _ scanner: Scanner, _ source: Chunk, _ some: Span<UInt32>, _ memory: inout ScanMemory
    ) throws(IndexError) -> Void
  ) throws(IndexError) {
    var memory = takeMemory()
    defer { swap(&memory, &self.memory) }
    memory.reserve(queries: 1, hasSketch: false)
    var source =
      memory.gathered ?? Chunk(store.shape.withoutIdentity, blockCount: Scanner.gatheredBlocks)
    memory.gathered = nil
    defer { memory.gathered = source }
    let size = Scanner.gatheredBlocks * BlockShape.rowCount
    for start in stride(from: 0, to: slots.count, by: size) {
      let some = slots.span.extracting(start..<min(slots.count, start + size))
      try source.gather(gathered, some, from: store)
      try take(self, source, some, &memory)
    }
  }

  /// Selects those of the first `count` gathered rows whose sums, which lie in `memory`, give keys of at least
  /// `threshold`.
  private func select(
    _ source: Chunk, _ count: Int, _ factors: SimilarityFactors, threshold: Float,
    alignments: Bool, _ memory: inout ScanMemory
  ) throws(IndexError) {
    let sums = memory.sums
    let blocks = 0..<BlockShape.blockCount(ofRows: count)
    try source.withKeyScalars(blocks, alignments: alignments) { scalars in
      kernels.selectRows(
        SimilarityTerms(sums: sums.span.extracting(first: count), scalars), factors,
        allowed: Span(),
        threshold: threshold, into: &memory.selected)
    }
  }
}
