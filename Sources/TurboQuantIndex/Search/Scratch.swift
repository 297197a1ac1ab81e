internal import TurboQuantKernels
internal import TurboQuantThreads

/// Scratch memory of scans of one index; what it holds means nothing to the next.
struct ScanMemory: Sendable {
  /// Sums of one chunk's codes, query by query, Chunk.rowCount apart.
  var sums: [Float] = []
  var sketchSums: [Float] = []
  var sketchShares: [Float] = []
  var selected = SelectedRows(capacity: 0)
  /// Sums of the sign plane of several chunks, query by query.
  var signSums: [Float] = []
  /// Rows gathered from all over the store.
  var gathered: Chunk?

  /// Bytes that it takes, but for a few.
  var byteCount: Int {
    4 * (sums.count + sketchSums.count + sketchShares.count + signSums.count)
      + 8 * selected.capacity + (gathered?.byteCount ?? 0)
  }

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

/// Scratch memory of searches that are over, for those to come: to ask the system for a page costs as much as to scan
/// some hundred rows.
final class ScanMemoryPool: Sendable {
  /// Bytes that are kept at most, over all threads' memory.
  private static let mostBytes = 16 << 20

  private let kept = Guarded<[ScanMemory]>([])

  func take() -> ScanMemory { kept.withLock { $0.popLast() } ?? ScanMemory() }

  func give(_ memory: ScanMemory) {
    kept.withLock { kept in
      let bytes = kept.reduce(memory.byteCount) { $0 + $1.byteCount }
      if bytes <= ScanMemoryPool.mostBytes { kept.append(memory) }
    }
  }
}
