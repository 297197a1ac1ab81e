internal import TurboQuant
internal import TurboQuantKernels

// Single rows, gathered into blocks, so that the kernels that scan give a row the same score here.

extension Scanner {
  private static let gatheredBlocks = 8

  /// Offers the rows in `slots`, ascending, to `best` by their whole codes.
  mutating func finish(
    _ slots: [UInt32], query: Int, _ group: ScanGroup, into best: inout TopRows
  ) throws(IndexError) {
    var memory = takeMemory()
    defer { swap(&memory, &self.memory) }
    memory.reserve(queries: 1, hasSketch: false)
    var gathered =
      memory.gathered ?? Chunk(store.shape.withoutIdentity, blockCount: Scanner.gatheredBlocks)
    memory.gathered = nil
    defer { memory.gathered = gathered }
    let size = Scanner.gatheredBlocks * BlockShape.rowCount
    for start in stride(from: 0, to: slots.count, by: size) {
      let some = slots[start..<min(slots.count, start + size)]
      try gathered.gather(some, from: store)
      try select(gathered, some.count, query, group, threshold: best.threshold, &memory)
      let selected = memory.selected
      for i in 0..<selected.count where selected.keys[i] >= best.threshold {
        let slot = Int(some[some.startIndex + Int(selected.rows[i])])
        best.offer(Candidate(key: selected.keys[i], id: try store.id(at: slot), slot: slot))
      }
    }
  }

  /// Selects those of the first `count` rows of `source` whose keys are at least `threshold`.
  private func select(
    _ source: Chunk, _ count: Int, _ query: Int, _ group: ScanGroup, threshold: Float,
    _ memory: inout ScanMemory
  ) throws(IndexError) {
    let blocks = 0..<(count + BlockShape.rowCount - 1) / BlockShape.rowCount
    try source.withCodes(blocks) { (codes) throws(IndexError) in
      var target = memory.sums.mutableSpan
      sum(codes, group, query..<query + 1, into: &target)
    }
    let sums = memory.sums
    try source.withKeyScalars(blocks, alignments: true) { scalars in
      kernels.selectRows(
        KeyTerms(sums: sums.span.extracting(first: count), scalars),
        group.laws[query].factors(group.tables.codeScales[query]), allowed: Span(),
        threshold: threshold, into: &memory.selected)
    }
  }
}
