internal import CTurboQuantKernels

/// The sizes of an index block: 32 rows of `dimension` codes of `bits` bits.
///
/// `ctq_blocks` in `ctq_kernels.h` says where every bit lies.
package struct BlockShape: Sendable, Equatable {
  /// Rows of a block.
  package static let rowCount = 32
  /// Queries that one pass with lookup tables takes at most.
  package static let tableQueries = Int(CTQ_SCAN_LUT_QUERIES)
  /// Queries that one pass with products takes at most.
  package static let productQueries = Int(CTQ_SCAN_QUERIES)

  /// The number of coordinates.
  package let dimension: Int
  /// Bits of a code: 1, 2, 3, 4 or 8.
  package let bits: Int

  package init(dimension: Int, bits: Int) {
    precondition(dimension > 0 && BlockShape.isOffered(bits: bits))
    self.dimension = dimension
    self.bits = bits
  }

  /// Whether codes of `bits` bits have a block layout.
  package static func isOffered(bits: Int) -> Bool { (1...4).contains(bits) || bits == 8 }

  /// Whether the second bit of codes of `bits` bits, but not their last, has a plane of its own.
  package static func hasSecondPlane(bits: Int) -> Bool { bits == 4 || bits == 8 }

  /// Blocks that hold `count` rows.
  package static func blockCount(ofRows count: Int) -> Int { (count + rowCount - 1) / rowCount }

  /// Columns of eight coordinates.
  package var columns: Int { (dimension + 7) / 8 }
  /// Bytes of a block's signs.
  package var signByteCount: Int { columns * BlockShape.rowCount }
  /// Bytes of a block's other bits.
  package var restByteCount: Int { (bits - 1) * signByteCount }
  /// Bytes of a packed row.
  package var packedByteCount: Int { (dimension * bits + 7) / 8 }
  /// Units of four columns, the narrower last one included.
  private var units: Int { (columns + Int(CTQ_GROUP_COLUMNS) - 1) / Int(CTQ_GROUP_COLUMNS) }
  /// Weights of a query, whole units of them.
  package var weightCount: Int { BlockShape.weightCount(of: dimension) }
  /// Whether float32 holds sums of two planes' answers, at most 127 a nibble each, exactly.
  package var arePlaneSumsExact: Bool { 2 * columns * 2 * 127 <= 1 << 24 }
  /// Bytes of a query's lookup tables for codes of `bits` bits.
  package func tableByteCount(bits: Int) -> Int { Int(CTQ_GROUP_PLANE_BYTES) * bits * units }

  /// `u` in the order in which second bits stand, where signs would be those of coordinates 0, 1, ….
  package static func secondOrder(_ u: Span<Float>) -> [Float] {
    var turned = [Float](repeating: 0, count: (u.count + 3) / 4 * 4)
    for i in u.indices { turned[i & ~3 | (i + 1) & 3] = u[i] }
    return turned
  }

  /// Weights of a query of `dimension` coordinates.
  package static func weightCount(of dimension: Int) -> Int { (dimension + 31) / 32 * 32 }

  /// Whose weights stand at 0, 1, … of every 32, by their number among as many coordinates.
  package static let weightOrder = (0..<32).map { $0 % 4 * 8 + $0 / 4 % 2 * 4 + $0 / 8 }
}

/// Consecutive blocks, lent.
package struct IndexBlocks: ~Escapable {
  package let shape: BlockShape
  let signs: RawSpan
  let rest: RawSpan
  /// The number of blocks.
  package let count: Int

  @_lifetime(copy signs, copy rest)
  package init(_ shape: BlockShape, signs: RawSpan, rest: RawSpan, count: Int) {
    precondition(signs.byteCount >= count * shape.signByteCount)
    precondition(rest.byteCount >= count * shape.restByteCount)
    self.shape = shape
    self.signs = signs
    self.rest = rest
    self.count = count
  }
}

extension IndexBlocks {
  fileprivate func withRecord(_ body: (UnsafePointer<ctq_blocks>) -> Void) {
    unsafe signs.withUnsafeBytes { signs in
      unsafe rest.withUnsafeBytes { rest in
        var blocks = unsafe ctq_blocks(
          signs: signs.baseAddress?.assumingMemoryBound(to: UInt8.self),
          lower_bits: rest.baseAddress?.assumingMemoryBound(to: UInt8.self),
          sign_stride: shape.signByteCount, lower_bits_stride: shape.restByteCount, count: count,
          columns: UInt32(shape.columns))
        unsafe body(&blocks)
      }
    }
  }
}

extension Kernels {
  private func check(
    _ blocks: borrowing IndexBlocks, queryCount: Int, of limit: Int, _ sums: Int, _ stride: Int
  ) {
    precondition(queryCount > 0 && queryCount <= limit)
    let rows = blocks.count * BlockShape.rowCount
    precondition(stride >= rows && sums >= (queryCount - 1) * stride + rows)
  }

  /// `sums[q * stride + row]` ← the sum of one entry of every table, for codes of one or two bits.
  ///
  /// For codes of more bits `bits` = 1 takes their signs alone.
  package func tableSums(
    _ blocks: borrowing IndexBlocks, bits: Int, tables: Span<UInt8>, queryCount: Int,
    into sums: inout MutableSpan<Float>, stride: Int
  ) {
    check(blocks, queryCount: queryCount, of: BlockShape.tableQueries, sums.count, stride)
    precondition(bits == 1 || bits == 2 && blocks.shape.bits == 2)
    precondition(tables.count >= queryCount * blocks.shape.tableByteCount(bits: bits))
    unsafe tables.withUnsafeBufferPointer { tables in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        unsafe blocks.withRecord {
          unsafe table.pointee.scan.scan_lut(
            $0, UInt32(bits), tables.baseAddress, queryCount, sums.baseAddress, stride)
        }
      }
    }
  }

  /// `sums[q * stride + row]` ← Σ centroid · weight, for codes of three or four bits.
  package func productSums(
    _ blocks: borrowing IndexBlocks, centroids: Span<UInt8>, weights: Span<Int8>, queryCount: Int,
    into sums: inout MutableSpan<Float>, stride: Int
  ) {
    check(blocks, queryCount: queryCount, of: BlockShape.productQueries, sums.count, stride)
    precondition(centroids.count >= 16 && (3...4).contains(blocks.shape.bits))
    precondition(weights.count >= queryCount * blocks.shape.weightCount)
    unsafe centroids.withUnsafeBufferPointer { centroids in
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          unsafe blocks.withRecord {
            unsafe table.pointee.scan.scan_i8(
              $0, UInt32(blocks.shape.bits), centroids.baseAddress, weights.baseAddress,
              queryCount, sums.baseAddress, stride)
          }
        }
      }
    }
  }

  /// `sums[q * stride + row]` ← Σ centroid · weight, for codes of eight bits: magnitude i is the centroid
  /// of code 128 + i, its negative that of code 127 − i.
  package func wideSums(
    _ blocks: borrowing IndexBlocks, magnitudes: Span<UInt16>, weights: Span<Int16>,
    queryCount: Int, into sums: inout MutableSpan<Float>, stride: Int
  ) {
    check(blocks, queryCount: queryCount, of: BlockShape.productQueries, sums.count, stride)
    precondition(magnitudes.count >= 128 && blocks.shape.bits == 8)
    precondition(weights.count >= queryCount * blocks.shape.weightCount)
    unsafe magnitudes.withUnsafeBufferPointer { magnitudes in
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          unsafe blocks.withRecord {
            unsafe table.pointee.scan.scan_i16(
              $0, magnitudes.baseAddress, weights.baseAddress, queryCount, sums.baseAddress, stride)
          }
        }
      }
    }
  }
}

extension BlockShape {
  /// Puts the packed codes at `offset` of `codes` into row `row` of the block whose parts begin at
  /// the given offsets.
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

/// A part of blocks whose rows are copied: planes of columns.
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

/// Copies rows, numbered over all blocks of `source`, ascending, to rows `start`, … of `target`.
package func gatherRows(
  _ source: RawSpan, rows: Span<UInt32>, numberedFrom first: Int, to target: inout MutableRawSpan,
  start: Int, _ planes: BlockPlanes
) {
  unsafe gather(source, rows, first, planes, &target, start, planes, ctq_gather_rows)
}

/// Copies the second bits of codes of `shape`, rows numbered over all blocks of their other bits `rest`,
/// ascending, to rows `start`, … of `target`, blocks of one plane.
///
/// As a plane of signs it belongs to queries in ``BlockShape/secondOrder(_:)``.
package func gatherSecondPlanes(
  _ rest: RawSpan, rows: Span<UInt32>, numberedFrom first: Int, to target: inout MutableRawSpan,
  start: Int, _ shape: BlockShape
) {
  precondition(shape.bits == 2 || BlockShape.hasSecondPlane(bits: shape.bits))
  let planes = BlockPlanes(columns: shape.columns, count: shape.bits - 1)
  let own = BlockPlanes(columns: shape.columns, count: 1)
  unsafe gather(rest, rows, first, planes, &target, start, own, ctq_gather_last_planes)
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

/// Copies the float32 scalars of rows, numbered over all of `source`, ascending, to places `start`, … of `target`.
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
