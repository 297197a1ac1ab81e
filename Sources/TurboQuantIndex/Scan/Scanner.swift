internal import TurboQuant
internal import TurboQuantKernels

/// Scores the rows of a store, chunk by chunk; one for each thread, since it owns scratch memory.
struct Scanner {
  let store: RowStore
  let codes: ScanCodes
  let kernels: Kernels
  /// A bit for each row of each block that may be returned; nil where all may.
  let allowed: [UInt32]?

  /// What one chunk's scan leaves for the next.
  var memory = ScanMemory()
  /// Sums of the sign plane of `signChunks`, query by query.
  var signSums: [Float] = []
  var signChunks = 0..<0
  /// Rows gathered from all over the store.
  var gathered: Chunk?

  init(_ store: RowStore, _ codes: ScanCodes, _ kernels: Kernels, allowed: [UInt32]?) {
    self.store = store
    self.codes = codes
    self.kernels = kernels
    self.allowed = allowed
  }
}

/// Scratch memory of a scan.
struct ScanMemory {
  var sums: [Float] = []
  var sketchSums: [Float] = []
  var sketchShares: [Float] = []
  var selected = SelectedRows.none

  /// Makes room for the sums of `queries` queries, Chunk.rowCount each, and for what is selected of one's.
  mutating func reserve(queries: Int, hasSketch: Bool) {
    sums.reserve(queries * Chunk.rowCount)
    if hasSketch {
      sketchSums.reserve(queries * Chunk.rowCount)
      sketchShares.reserve(Chunk.rowCount)
    }
    if selected.capacity == 0 { selected = SelectedRows(capacity: Chunk.rowCount) }
  }
}

extension [Float] {
  /// Makes it at least `count` long; what it held is lost.
  mutating func reserve(_ count: Int) {
    if self.count < count { self = .unspecified(count: count) }
  }
}

// MARK: Blocks that matter

extension Scanner {
  /// Runs of consecutive blocks of a chunk in which some row is allowed.
  func runs(ofChunk chunk: Int) -> [Range<Int>] {
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

  /// The masks of the rows of some blocks, none where all are allowed.
  func masks(_ chunk: Int, _ blocks: Range<Int>) -> ArraySlice<UInt32> {
    let first = chunk * Chunk.blockCount
    return allowed?[first + blocks.lowerBound..<first + blocks.upperBound] ?? []
  }

  /// Rows of a chunk's run of blocks that are in use.
  func rowCount(_ chunk: Int, _ blocks: Range<Int>) -> Int {
    let rows = BlockShape.rowCount
    return min(blocks.upperBound * rows, store.rowCount(ofChunk: chunk)) - blocks.lowerBound * rows
  }

  /// The slot of the first row of some blocks.
  func firstSlot(_ chunk: Int, _ blocks: Range<Int>) -> Int {
    chunk * Chunk.rowCount + blocks.lowerBound * BlockShape.rowCount
  }
}
