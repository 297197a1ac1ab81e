internal import CTurboQuantKernels

/// The sizes of an index block: 32 rows of `dimension` codes of `bits` bits.
///
/// `ctq_blocks` in `ctq_scan.h` says where each bit is.
package struct BlockShape: Sendable, Equatable {
  /// Rows of a block.
  package static let rowCount = 32
  /// The most queries per scan with lookup tables.
  package static let tableQueries = Int(CTQ_SCAN_LUT_QUERIES)
  /// The most queries per scan with products.
  package static let productQueries = Int(CTQ_SCAN_QUERIES)

  /// The number of coordinates.
  package let dimension: Int
  /// Bits per code: 1, 2, 3, 4 or 8.
  package let bits: Int

  package init(dimension: Int, bits: Int) {
    precondition(dimension > 0 && BlockShape.isOffered(bits: bits))
    self.dimension = dimension
    self.bits = bits
  }

  /// Whether codes of `bits` bits have a block layout.
  package static func isOffered(bits: Int) -> Bool { (1...4).contains(bits) || bits == 8 }

  /// Whether the second bit of codes of `bits` bits has its own plane and is not their last bit.
  package static func hasSecondPlane(bits: Int) -> Bool { bits == 4 || bits == 8 }

  /// The number of blocks for `count` rows.
  package static func blockCount(ofRows count: Int) -> Int { (count + rowCount - 1) / rowCount }

  /// The number of columns of eight coordinates.
  package var columns: Int { (dimension + 7) / 8 }
  /// Bytes of a block's signs.
  package var signByteCount: Int { columns * BlockShape.rowCount }
  /// Bytes of a block's lower bits.
  package var restByteCount: Int { (bits - 1) * signByteCount }
  /// Bytes of a packed row.
  package var packedByteCount: Int { (dimension * bits + 7) / 8 }
  /// Weights per query, padded to whole column groups.
  package var weightCount: Int { BlockShape.weightCount(of: dimension) }
  /// Whether float32 holds the sums of two planes exactly.
  ///
  /// A nibble adds at most 127 to each.
  package var arePlaneSumsExact: Bool { 2 * columns * 2 * 127 <= 1 << 24 }
  /// Bytes of a query's lookup tables for codes of `bits` bits.
  package func tableByteCount(bits: Int) -> Int {
    BlockShape.tableByteCount(columns: columns, planes: bits)
  }

  /// Bytes of lookup tables per column group and plane.
  package static let tableByteCountPerGroup = Int(CTQ_GROUP_PLANE_BYTES)

  /// Bytes of a query's lookup tables for `planes` planes.
  package static func tableByteCount(columns: Int, planes: Int) -> Int {
    let groups = (columns + Int(CTQ_GROUP_COLUMNS) - 1) / Int(CTQ_GROUP_COLUMNS)
    return tableByteCountPerGroup * planes * groups
  }

  /// `u` permuted, so that a plane of second bits can be scanned as a plane of signs.
  package static func permutedToSecondBits(_ u: Span<Float>) -> [Float] {
    var permuted = [Float](repeating: 0, count: (u.count + 3) / 4 * 4)
    for i in u.indices { permuted[i & ~3 | (i + 1) & 3] = u[i] }
    return permuted
  }

  /// Weights per query of `dimension` coordinates.
  package static func weightCount(of dimension: Int) -> Int { (dimension + 31) / 32 * 32 }

  /// The order of weights: position i of every 32 has the weight of coordinate `weightOrder[i]` of those 32.
  package static let weightOrder = (0..<32).map { $0 % 4 * 8 + $0 / 4 % 2 * 4 + $0 / 8 }
}
