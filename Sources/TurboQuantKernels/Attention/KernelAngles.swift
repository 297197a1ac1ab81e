internal import CTurboQuantKernels

/// The shape and the centroids of rows of angles, in the form that the kernels read.
@safe package final class KernelAngles: Sendable {
  /// The angles of one level.
  package struct Level {
    /// Bits of a code.
    let bits: Int
    /// The number of angles.
    let count: Int
    /// Where the codes begin in a packed row.
    let byteOffset: Int
    /// Cosine and sine of each centroid, and those of the last angle.
    let points, lastPoints: [(cosine: Float, sine: Float)]

    /// The points are 2^`bits`, the last angle's the same if nil.
    package init(
      bits: Int, count: Int, byteOffset: Int, points: [(cosine: Float, sine: Float)],
      lastPoints: [(cosine: Float, sine: Float)]?
    ) {
      precondition((1...8).contains(bits) && count >= 0 && byteOffset >= 0)
      precondition(points.count == 1 << bits && (lastPoints?.count ?? 1 << bits) == 1 << bits)
      self.bits = bits
      self.count = count
      self.byteOffset = byteOffset
      self.points = points
      self.lastPoints = lastPoints ?? points
    }
  }

  /// The number of coordinates.
  package let dimension: Int
  // Written by the initializer alone.
  private nonisolated(unsafe) let floats: UnsafeMutablePointer<Float>
  private nonisolated(unsafe) let levels: UnsafeMutablePointer<ctq_angle_level>
  private nonisolated(unsafe) let record: UnsafeMutablePointer<ctq_angles>

  /// The levels follow each other in a packed row, and the radii follow the last one, at byte `radiiOffset`.
  package init(dimension: Int, levels: [Level], radiiOffset: Int) {
    precondition(levels.first?.count == dimension / 2 && dimension >= 2)
    for (level, half) in levels.enumerated() {
      let before = (dimension + (1 << level) - 1) >> level
      precondition(half.count == before / 2)
      precondition(half.byteOffset + (half.count * half.bits + 7) / 8 <= radiiOffset)
    }
    self.dimension = dimension
    let tables = levels.flatMap { level in
      [level.points.map { $0.cosine }, level.points.map { $0.sine }]
        + [level.lastPoints.map { $0.cosine }, level.lastPoints.map { $0.sine }]
    }
    let entries = levels.map { ctq_angle_entries(UInt32($0.bits)) }
    unsafe floats = .allocate(capacity: entries.reduce(0) { $0 + 4 * $1 })
    unsafe self.levels = .allocate(capacity: levels.count)
    var next = unsafe floats
    for (number, level) in levels.enumerated() {
      let count = entries[number]
      for (i, table) in tables[4 * number..<4 * number + 4].enumerated() {
        for entry in 0..<count {
          unsafe (next + i * count + entry).initialize(to: table[entry % table.count])
        }
      }
      unsafe (self.levels + number).initialize(
        to: ctq_angle_level(
          bits: UInt32(level.bits), count: UInt32(level.count),
          byte_offset: UInt32(level.byteOffset), cosines: next, sines: next + count,
          last_cosines: next + 2 * count, last_sines: next + 3 * count))
      unsafe next += 4 * count
    }
    unsafe record = .allocate(capacity: 1)
    unsafe record.initialize(
      to: ctq_angles(
        dimension: UInt32(dimension), level_count: UInt32(levels.count),
        radii_offset: UInt32(radiiOffset), levels: self.levels))
  }

  deinit {
    unsafe floats.deallocate()
    unsafe levels.deallocate()
    unsafe record.deallocate()
  }

  /// Bytes of a packed row, codes and radii.
  package var rowByteCount: Int { unsafe ctq_angle_row_bytes(record) }
  /// Floats of the lookup tables of one query.
  package var tableCount: Int { unsafe ctq_angle_table_count(record) }
  /// Floats that products need to work in.
  package var workCount: Int { unsafe ctq_angle_work_count(record) }

  var pointer: UnsafePointer<ctq_angles> { unsafe UnsafePointer(record) }
}

extension Kernels {
  /// The lookup tables of a query, ``KernelAngles/tableCount`` floats.
  package func fillAngleTables(
    _ angles: KernelAngles, _ query: Span<Float>, into tables: inout MutableSpan<Float>
  ) {
    precondition(query.count == angles.dimension && tables.count == angles.tableCount)
    unsafe query.withUnsafeBufferPointer { query in
      unsafe tables.withUnsafeMutableBufferPointer { tables in
        unsafe table.pointee.attention.angle_tables(
          angles.pointer, query.baseAddress, tables.baseAddress)
      }
    }
  }

  /// `sums[q * stride + r]` ← ⟨row r, query q⟩ for `rowCount` packed rows of angles, `rowStride` bytes apart from
  /// `offset` on.
  ///
  /// `tables` are those of all queries, one after another. `next` is what will be read next; it is prefetched.
  package func angleProducts(
    _ angles: KernelAngles, _ rows: RawSpan, at offset: Int, rowStride: Int, rowCount: Int,
    tables: borrowing FloatBuffer, next: RawSpan, work: inout FloatBuffer,
    into sums: inout MutableSpan<Float>, stride: Int
  ) {
    let queryCount = tables.count / angles.tableCount
    precondition(tables.count == queryCount * angles.tableCount && queryCount > 0)
    precondition(offset >= 0 && rowCount > 0 && rowStride >= angles.rowByteCount)
    precondition(
      offset + (rowCount - 1) * rowStride + angles.rowByteCount <= rows.byteCount)
    precondition(work.count >= angles.workCount)
    precondition(stride >= rowCount && sums.count >= (queryCount - 1) * stride + rowCount)
    unsafe rows.withUnsafeBytes { rows in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        unsafe next.withUnsafeBytes { next in
          unsafe table.pointee.attention.angle_products(
            angles.pointer, rows.bytes(at: offset), rowStride, rowCount, rows.count - offset,
            tables.base, queryCount, next.bytes(at: 0), work.base, sums.baseAddress, stride)
        }
      }
    }
  }
}
