// Single rows, gathered into blocks that kernels can scan.

internal import TurboQuantKernels

extension RowSegment {
  /// The parts of single rows that are gathered.
  enum Gathered {
    /// Whole codes.
    case codes
    /// The second bits of codes, in the place of signs.
    case secondPlanes
    /// The same, if codes have no further bits.
    case secondPlanesWithScalars

    fileprivate var parts: [Part] {
      switch self {
      case .codes: [.signs, .lowerBits, .alignments, .norms, .centerComponents]
      case .secondPlanes: [.lowerBits]
      case .secondPlanesWithScalars: [.lowerBits, .alignments, .norms, .centerComponents]
      }
    }

    /// The part that a part is copied to.
    fileprivate func target(of part: Part) -> Part {
      part == .lowerBits && self != .codes ? .signs : part
    }
  }

  /// Fills rows 0, 1, … with codes, or some of their bits, and scalars of the rows in `slots`; those of one segment are
  /// neighbours and ascend.
  mutating func gather(
    _ gathered: Gathered, _ slots: Span<UInt32>, from store: RowStore
  ) throws(IndexError) {
    let kept = gathered.parts.filter { shape.byteCount(of: $0) > 0 }
    // All rows are asked for before the first is copied.
    for isCopying in [false, true] {
      try RowSegment.forEachRun(of: slots) { (number, run) throws(IndexError) in
        let (source, blocks) = (store.segments[number], 0..<store.blockCount(ofSegment: number))
        let (rows, first) = (slots.extracting(run), number * RowSegment.rowCount)
        for part in kept {
          let target = gathered.target(of: part)
          try source.withBytes(of: part, blocks) { bytes in
            if isCopying {
              RowSegment.gather(
                part, bytes, rows, numberedFrom: first, as: target, to: &parts[target.rawValue],
                start: run.lowerBound, shape)
            } else {
              RowSegment.prefetch(part, bytes, rows, numberedFrom: first, as: target, shape)
            }
          }
        }
      }
    }
  }

  /// Calls `body` with every segment whose rows are in `slots`, and with their places.
  private static func forEachRun(
    of slots: Span<UInt32>, _ body: (_ segment: Int, Range<Int>) throws(IndexError) -> Void
  ) throws(IndexError) {
    var next = 0
    while next < slots.count {
      let (number, first) = (Int(slots[next]) / RowSegment.rowCount, next)
      while next < slots.count, Int(slots[next]) / RowSegment.rowCount == number { next += 1 }
      try body(number, first..<next)
    }
  }

  /// Asks for what ``gather(_:_:_:numberedFrom:as:to:start:_:)`` will read.
  private static func prefetch(
    _ part: Part, _ source: RawSpan, _ rows: Span<UInt32>, numberedFrom first: Int,
    as target: Part, _ shape: RowShape
  ) {
    switch part {
    case .signs, .lowerBits:
      prefetchRows(
        source, rows: rows, numberedFrom: first, shape.planes(of: part),
        secondPlanesOnly: target != part)
    default: prefetchScalars(source, rows: rows, numberedFrom: first)
    }
  }

  private static func gather(
    _ part: Part, _ source: RawSpan, _ rows: Span<UInt32>, numberedFrom first: Int,
    as targetPart: Part, to target: inout AlignedBytes, start: Int, _ shape: RowShape
  ) {
    var bytes = target.mutableBytes
    switch part {
    case .lowerBits where targetPart == .signs:
      gatherSecondPlanes(
        source, rows: rows, numberedFrom: first, to: &bytes, start: start, shape.codes)
    case .signs, .lowerBits:
      gatherRows(
        source, rows: rows, numberedFrom: first, to: &bytes, start: start, shape.planes(of: part))
    default:
      gatherScalars(source, rows: rows, numberedFrom: first, to: &bytes, start: start)
    }
  }
}
