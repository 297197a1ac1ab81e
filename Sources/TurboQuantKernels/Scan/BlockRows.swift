internal import CTurboQuantKernels

// Rows of blocks: written, read back, copied and gathered.

extension BlockShape {
  /// Writes the packed codes at `offset` of `codes` into row `row` of the block whose signs and lower bits
  /// begin at the given offsets.
  package func spread(
    _ codes: RawSpan, at offset: Int, row: Int, signs: inout MutableRawSpan, at signOffset: Int,
    rest: inout MutableRawSpan, at restOffset: Int
  ) {
    precondition(row >= 0 && row < BlockShape.rowCount)
    precondition(offset >= 0 && offset + packedByteCount <= codes.byteCount)
    precondition(signOffset >= 0 && signOffset + signByteCount <= signs.byteCount)
    precondition(restOffset >= 0 && restOffset + restByteCount <= rest.byteCount)
    unsafe codes.withUnsafeBytes { codes in
      unsafe signs.withUnsafeMutableBytes { signs in
        unsafe rest.withUnsafeMutableBytes { rest in
          unsafe ctq_spread_row(
            codes.bytes(at: offset), UInt32(bits), dimension, signs.bytes(at: signOffset),
            rest.bytes(at: restOffset), UInt32(row))
        }
      }
    }
  }

  /// The packed codes of one row of a block.
  package func packed(row: Int, signs: RawSpan, rest: RawSpan) -> [UInt8] {
    precondition(row >= 0 && row < BlockShape.rowCount)
    precondition(signs.byteCount >= signByteCount && rest.byteCount >= restByteCount)
    var codes = [UInt8](repeating: 0, count: packedByteCount)
    var target = codes.mutableSpan
    unsafe signs.withUnsafeBytes { signs in
      unsafe rest.withUnsafeBytes { rest in
        unsafe target.withUnsafeMutableBufferPointer {
          unsafe ctq_pack_row(
            signs.bytes(at: 0), rest.bytes(at: 0), UInt32(row), UInt32(bits), dimension,
            $0.baseAddress)
        }
      }
    }
    return codes
  }
}

/// The part of blocks that is copied, signs or lower bits: a number of planes of columns.
package struct BlockPlanes: Sendable, Equatable {
  package let columns: Int
  package let count: Int

  package init(columns: Int, count: Int) {
    self.columns = columns
    self.count = count
  }

  /// Bytes of a block.
  package var byteCount: Int { BlockShape.rowCount * columns * count }
}

/// Copies one row between blocks that begin at the given offsets.
package func copyRow(
  _ source: RawSpan, at offset: Int, row: Int, to target: inout MutableRawSpan, at start: Int,
  row targetRow: Int, _ planes: BlockPlanes
) {
  precondition((0..<32).contains(row) && (0..<32).contains(targetRow))
  precondition(offset >= 0 && offset + planes.byteCount <= source.byteCount)
  precondition(start >= 0 && start + planes.byteCount <= target.byteCount)
  unsafe source.withUnsafeBytes { source in
    unsafe target.withUnsafeMutableBytes { target in
      unsafe ctq_copy_row(
        source.bytes(at: offset), UInt32(row), target.bytes(at: start), UInt32(targetRow),
        UInt32(planes.columns), UInt32(planes.count))
    }
  }
}

/// Copies rows to rows `start`, … of `target`.
///
/// They are ascending and numbered over all blocks of `source`.
package func gatherRows(
  _ source: RawSpan, rows: Span<UInt32>, numberedFrom first: Int, to target: inout MutableRawSpan,
  start: Int, _ planes: BlockPlanes
) {
  unsafe gather(source, rows, first, planes, &target, start, planes, ctq_gather_rows)
}

/// Copies the second bits of rows to rows `start`, … of `target`, whose blocks have one plane.
///
/// Rows are ascending and numbered over all blocks of `rest`, the lower bits of codes of `shape`.
///
/// Scanning that plane as signs takes queries from ``BlockShape/permutedToSecondBits(_:)``.
package func gatherSecondPlanes(
  _ rest: RawSpan, rows: Span<UInt32>, numberedFrom first: Int, to target: inout MutableRawSpan,
  start: Int, _ shape: BlockShape
) {
  precondition(shape.bits == 2 || BlockShape.hasSecondPlane(bits: shape.bits))
  let planes = BlockPlanes(columns: shape.columns, count: shape.bits - 1)
  let own = BlockPlanes(columns: shape.columns, count: 1)
  unsafe gather(rest, rows, first, planes, &target, start, own, ctq_gather_last_planes)
}

/// Asks for the bytes that ``gatherRows(_:rows:numberedFrom:to:start:_:)`` or, with `secondPlanesOnly`,
/// ``gatherSecondPlanes(_:rows:numberedFrom:to:start:_:)`` will read.
package func prefetchRows(
  _ source: RawSpan, rows: Span<UInt32>, numberedFrom first: Int, _ planes: BlockPlanes,
  secondPlanesOnly: Bool
) {
  guard !rows.isEmpty else { return }
  let count = Int(rows[rows.count - 1]) - first + 1
  precondition(Int(rows[0]) >= first)
  precondition(BlockShape.blockCount(ofRows: count) * planes.byteCount <= source.byteCount)
  unsafe source.withUnsafeBytes { source in
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe ctq_prefetch_rows(
        source.bytes(at: 0), rows.baseAddress, rows.count, UInt32(first), UInt32(planes.columns),
        UInt32(planes.count), secondPlanesOnly ? 1 : 0)
    }
  }
}

/// Asks for the scalars that ``gatherScalars(_:rows:numberedFrom:to:start:)`` will read.
package func prefetchScalars(_ source: RawSpan, rows: Span<UInt32>, numberedFrom first: Int) {
  guard !rows.isEmpty else { return }
  precondition(
    Int(rows[0]) >= first && 4 * (Int(rows[rows.count - 1]) - first + 1) <= source.byteCount)
  unsafe source.withUnsafeBytes { source in
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe ctq_prefetch_scalars(source.floats, rows.baseAddress, rows.count, UInt32(first))
    }
  }
}

private typealias RowGathering =
  @convention(c) (
    UnsafePointer<UInt8>?, UnsafePointer<UInt32>?, Int, UInt32, UnsafeMutablePointer<UInt8>?, Int,
    UInt32, UInt32
  ) -> Void

private func gather(
  _ source: RawSpan, _ rows: Span<UInt32>, _ first: Int, _ planes: BlockPlanes,
  _ target: inout MutableRawSpan, _ start: Int, _ targetPlanes: BlockPlanes,
  _ copy: RowGathering
) {
  guard !rows.isEmpty else { return }
  let count = Int(rows[rows.count - 1]) - first + 1
  precondition(Int(rows[0]) >= first && start >= 0)
  precondition(BlockShape.blockCount(ofRows: count) * planes.byteCount <= source.byteCount)
  precondition(
    BlockShape.blockCount(ofRows: start + rows.count) * targetPlanes.byteCount <= target.byteCount)
  unsafe source.withUnsafeBytes { source in
    unsafe target.withUnsafeMutableBytes { target in
      unsafe rows.withUnsafeBufferPointer { rows in
        unsafe copy(
          source.bytes(at: 0), rows.baseAddress, rows.count, UInt32(first), target.bytes(at: 0),
          start, UInt32(planes.columns), UInt32(planes.count))
      }
    }
  }
}

/// Copies the float32 scalars of rows to positions `start`, … of `target`.
///
/// Rows are ascending and numbered over all of `source`.
package func gatherScalars(
  _ source: RawSpan, rows: Span<UInt32>, numberedFrom first: Int, to target: inout MutableRawSpan,
  start: Int
) {
  guard !rows.isEmpty else { return }
  precondition(
    Int(rows[0]) >= first && 4 * (Int(rows[rows.count - 1]) - first + 1) <= source.byteCount)
  precondition(start >= 0 && 4 * (start + rows.count) <= target.byteCount)
  unsafe source.withUnsafeBytes { source in
    unsafe target.withUnsafeMutableBytes { target in
      unsafe rows.withUnsafeBufferPointer { rows in
        unsafe ctq_gather_scalars(
          source.floats, rows.baseAddress, rows.count, UInt32(first),
          target.baseAddress?.assumingMemoryBound(to: Float.self).advanced(by: start))
      }
    }
  }
}
