internal import CTurboQuantKernels

/// The sizes of groups of 16 rows of codes in quads, as attention reads them.
///
/// `ctq_attention.h` says where each bit is.
package struct QuadShape: Sendable, Equatable {
  /// Rows per group.
  package static let rowCount = 16
  /// The largest magnitude of a centroid of codes of 5 to 8 bits, and of a weight for them.
  package static let largestMagnitude = 2047
  package static let largestWeight = 4095
  /// Coordinates per row.
  package let dimension: Int
  /// Bits per code, at most 8.
  package let bits: Int

  package init(dimension: Int, bits: Int) {
    precondition((1...8).contains(bits) && dimension > 0)
    precondition(dimension % QuadShape.coordinateMultiple(bits: bits) == 0)
    self.dimension = dimension
    self.bits = bits
  }

  /// The number of coordinates is a multiple of this: as many fill whole vectors of every bit field.
  package static func coordinateMultiple(bits: Int) -> Int { 4 * ctq_quads_per_step(UInt32(bits)) }

  /// Bytes per group.
  package var groupByteCount: Int { QuadShape.rowCount * dimension * bits / 8 }
}

extension QuadShape {
  /// Writes 16 packed rows, `stride` bytes apart from `offset` on, into the group at `groupOffset`.
  package func fill(
    _ rows: RawSpan, at offset: Int, stride: Int, into codes: inout MutableRawSpan,
    at groupOffset: Int
  ) {
    check(
      rows, offset, stride, rowCount: QuadShape.rowCount, width: dimension * bits / 8,
      codes.byteCount, groupOffset, groups: 1)
    unsafe rows.withUnsafeBytes { rows in
      unsafe codes.withUnsafeMutableBytes { codes in
        unsafe ctq_fill_quads(
          rows.bytes(at: offset), stride, UInt32(bits), dimension / 4, codes.bytes(at: groupOffset))
      }
    }
  }

  /// Writes packed rows transposed into `groups` groups, as coordinates `places`.
  ///
  /// Row r of group g holds coordinate 16g + r of all packed rows. The bounds of `places` are multiples of
  /// ``coordinateMultiple(bits:)``.
  package func fillTransposed(
    _ rows: RawSpan, at offset: Int, stride: Int, groups: Int, into codes: inout MutableRawSpan,
    at groupOffset: Int, _ places: Range<Int>
  ) {
    let multiple = QuadShape.coordinateMultiple(bits: bits)
    precondition(places.lowerBound >= 0 && places.upperBound <= dimension && !places.isEmpty)
    precondition(places.lowerBound % multiple == 0 && places.upperBound % multiple == 0)
    check(
      rows, offset, stride, rowCount: places.count, width: groups * QuadShape.rowCount * bits / 8,
      codes.byteCount, groupOffset, groups: groups)
    unsafe rows.withUnsafeBytes { rows in
      unsafe codes.withUnsafeMutableBytes { codes in
        unsafe ctq_fill_transposed_quads(
          rows.bytes(at: offset), stride, UInt32(bits), groups, dimension / 4,
          places.lowerBound / 4, places.count / 4, codes.bytes(at: groupOffset))
      }
    }
  }

  private func check(
    _ rows: RawSpan, _ offset: Int, _ stride: Int, rowCount: Int, width: Int, _ room: Int,
    _ groupOffset: Int, groups: Int
  ) {
    precondition(groups > 0 && offset >= 0 && stride >= 0 && groupOffset >= 0)
    precondition(offset + (rowCount - 1) * stride + width <= rows.byteCount)
    precondition(groupOffset + groups * groupByteCount <= room)
  }

  /// The code of a coordinate of a row.
  ///
  /// Groups begin at `offset`.
  package func code(_ codes: RawSpan, at offset: Int, row: Int, _ coordinate: Int) -> UInt8 {
    precondition(row >= 0 && (0..<dimension).contains(coordinate) && offset >= 0)
    precondition(offset + (row / QuadShape.rowCount + 1) * groupByteCount <= codes.byteCount)
    return unsafe codes.withUnsafeBytes {
      UInt8(
        unsafe ctq_quad_code(
          $0.bytes(at: offset), UInt32(bits), dimension / 4, row, coordinate))
    }
  }
}
