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
    var next = 0
    while next < slots.count {
      let (number, first) = (Int(slots[next]) / RowSegment.rowCount, next)
      while next < slots.count, Int(slots[next]) / RowSegment.rowCount == number { next += 1 }
      let (source, blocks) = (store.segments[number], 0..<store.blockCount(ofSegment: number))
      for part in kept {
        let target = gathered.target(of: part)
        try source.withBytes(of: part, blocks) { bytes in
          RowSegment.gather(
            part, bytes, slots.extracting(first..<next), numberedFrom: number * RowSegment.rowCount,
            as: target, to: &parts[target.rawValue], start: first, shape)
        }
      }
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
