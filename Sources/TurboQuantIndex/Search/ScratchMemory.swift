// Memory that searches work in.

internal import TurboQuantKernels
internal import TurboQuantThreads

/// Scratch memory of one thread's part of a search; what it holds means nothing to the next.
struct ScratchMemory: Sendable {
  /// Sums of codes, query by query, RowSegment.rowCount apart.
  var sums: [Float] = []
  /// Sums of sketches, laid out alike.
  var sketchSums: [Float] = []
  /// What sketches add to the similarities of one query.
  var sketchAddends: [Float] = []
  var selected = SelectedRows(capacity: RowSegment.rowCount)
  /// Memory for ``SignSums``.
  var signSums: [Float] = []
  /// Blocks that single rows are gathered into.
  private var gathered: RowSegment?

  /// Bytes that it takes, but for a few.
  var byteCount: Int {
    4 * (sums.count + sketchSums.count + sketchAddends.count + signSums.count)
      + 8 * selected.capacity + (gathered?.byteCount ?? 0)
  }

  /// Makes room for the sums of `queries` queries.
  mutating func reserve(queries: Int, hasSketch: Bool) {
    sums.reserve(queries * RowSegment.rowCount)
    if hasSketch {
      sketchSums.reserve(queries * RowSegment.rowCount)
      sketchAddends.reserve(RowSegment.rowCount)
    }
  }

  private static let gatheredBlocks = 8

  /// Gathers the rows in `slots` some at a time into blocks, and calls `body` with these and their places in `slots`.
  ///
  /// Slots of one segment are neighbours and ascend.
  ///
  /// The kernels that scan segments sum gathered rows too, so a row gets the same score either way.
  mutating func gather(
    _ gathered: RowSegment.Gathered, _ slots: Span<UInt32>, from store: RowStore,
    _ body: (ScannedRows, _ places: Range<Int>, inout ScratchMemory) throws(IndexError) -> Void
  ) throws(IndexError) {
    reserve(queries: 1, hasSketch: false)
    var segment =
      self.gathered
      ?? RowSegment(store.shape.withoutIdentity, blockCount: ScratchMemory.gatheredBlocks)
    self.gathered = nil
    defer { self.gathered = segment }
    let size = ScratchMemory.gatheredBlocks * BlockShape.rowCount
    for start in stride(from: 0, to: slots.count, by: size) {
      let some = start..<min(slots.count, start + size)
      try segment.gather(gathered, slots.extracting(some), from: store)
      let rows = ScannedRows(
        segment: segment, blocks: 0..<BlockShape.blockCount(ofRows: some.count),
        count: some.count, allowed: [], slots: .gathered(some.map { slots[$0] }, store))
      try body(rows, some, &self)
    }
  }
}

extension [Float] {
  /// Makes it at least `count` long; what it held is lost.
  mutating func reserve(_ count: Int) {
    if self.count < count { self = .unspecified(count: count) }
  }
}

/// Scratch memory of finished searches, kept for later ones: asking the system for a page takes as long as
/// scanning some hundred rows.
final class ScratchPool: Sendable {
  /// The most bytes that are kept.
  private static let byteLimit = 16 << 20

  private struct Kept {
    var memory: [ScratchMemory] = []
    var candidates: [RowList] = []
    var byteCount = 0
  }

  private let kept = Guarded(Kept())

  /// Lends memory to one thread.
  func lend<R, Failure: Error>(
    _ body: (inout ScratchMemory) throws(Failure) -> R
  ) throws(Failure) -> R {
    var scratch = take()
    defer { give(scratch) }
    return try body(&scratch)
  }

  private func take() -> ScratchMemory {
    kept.withLock { kept in
      guard let scratch = kept.memory.popLast() else { return ScratchMemory() }
      kept.byteCount -= scratch.byteCount
      return scratch
    }
  }

  private func give(_ scratch: ScratchMemory) {
    kept.withLock { kept in
      guard kept.byteCount + scratch.byteCount <= ScratchPool.byteLimit else { return }
      kept.byteCount += scratch.byteCount
      kept.memory.append(scratch)
    }
  }

  /// Takes back the memory that sums of signs were kept in.
  func give(_ sums: SignSums) { lend { $0.signSums = sums.memory } }

  /// Lists of candidates, all empty, which must be given back.
  func candidates(count: Int) -> [RowList] {
    kept.withLock { kept in
      (0..<count).map { _ in
        guard let list = kept.candidates.popLast() else { return RowList() }
        kept.byteCount -= list.byteCount
        return list
      }
    }
  }

  /// Takes lists of candidates back.
  func give(_ candidates: [RowList]) {
    kept.withLock { kept in
      for var list in candidates where kept.byteCount + list.byteCount <= ScratchPool.byteLimit {
        list.removeAll()
        kept.byteCount += list.byteCount
        kept.candidates.append(list)
      }
    }
  }
}
