internal import CTurboQuantKernels

/// Consecutive blocks, borrowed.
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

  /// Writes the lookup tables of a query of eight values per column from `start` on, where scans expect them.
  ///
  /// `factors` has one number per plane, one or two. An entry is Σ (±u + |u|) over four coordinates times the
  /// factor. No entry may exceed 127.
  package func fillLookupTables(
    _ u: Span<Float>, factors: Span<Float>, into tables: inout MutableSpan<UInt8>, at start: Int
  ) {
    let columns = u.count / 8
    precondition(u.count % 8 == 0 && (1...2).contains(factors.count) && start >= 0)
    precondition(
      start + BlockShape.tableByteCount(columns: columns, planes: factors.count) <= tables.count)
    unsafe u.withUnsafeBufferPointer { u in
      unsafe factors.withUnsafeBufferPointer { factors in
        unsafe tables.withUnsafeMutableBufferPointer { tables in
          unsafe table.pointee.scan.fill_lookup_tables(
            u.baseAddress, columns, factors.baseAddress, UInt32(factors.count),
            tables.baseAddress.map { unsafe $0 + start })
        }
      }
    }
  }

  /// Codes of one or two bits: `sums[q * stride + row]` ← the sum of one entry of every table.
  ///
  /// With `bits` = 1, codes may have more bits; only their signs are read.
  package func scanLUT(
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

  /// Codes of three or four bits: `sums[q * stride + row]` ← Σ centroid · weight.
  package func scanInt8(
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

  /// Codes of eight bits: `sums[q * stride + row]` ← Σ centroid · weight.
  ///
  /// Magnitude i is the centroid of code 128 + i, and its negative is that of code 127 − i.
  package func scanInt16(
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
