internal import TurboQuant
internal import TurboQuantKernels

/// Scores the rows of a store, chunk by chunk; one for each thread, since it owns scratch memory.
struct Scanner {
  let store: RowStore
  let codes: ScanCodes
  let kernels: Kernels
  /// A bit for each row of each block that may be returned; nil where all may.
  let allowed: [UInt32]?

  var memory = ScanMemory()
  /// Whose signs `memory.signSums` are the sums of.
  var signChunks = 0..<0

  init(_ store: RowStore, _ codes: ScanCodes, _ kernels: Kernels, allowed: [UInt32]?) {
    self.store = store
    self.codes = codes
    self.kernels = kernels
    self.allowed = allowed
  }

  /// Its memory, of which it keeps nothing.
  mutating func takeMemory() -> ScanMemory {
    var memory = ScanMemory()
    swap(&memory, &self.memory)
    return memory
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
