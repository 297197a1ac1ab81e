internal import TurboQuant
internal import TurboQuantKernels

/// A few queries for keys that are kept as angles.
final class AngleQueries {
  private let angles: KernelAngles
  /// The lookup tables of one query after another.
  private let tables: FloatBuffer
  private var work: FloatBuffer

  init(_ queries: [Query], _ angles: KernelAngles, _ kernels: Kernels) {
    self.angles = angles
    var tables = FloatBuffer(count: queries.count * angles.tableCount)
    for (q, query) in queries.enumerated() {
      var all = tables.mutableSpan
      var target = all._mutatingExtracting(q * angles.tableCount..<(q + 1) * angles.tableCount)
      kernels.fillAngleTables(angles, query.direction.span, into: &target)
    }
    self.tables = tables
    work = FloatBuffer(count: angles.workCount)
  }

  /// `sums[q * Page.rowCount + r]` ← ⟨row r, query q⟩ for rows `stride` bytes apart from `offset` on.
  func products(
    _ kernels: Kernels, _ rows: RawSpan, at offset: Int, stride: Int, rowCount: Int, next: RawSpan,
    into sums: inout MutableSpan<Float>
  ) {
    kernels.angleProducts(
      angles, rows, at: offset, rowStride: stride, rowCount: rowCount, tables: tables, next: next,
      work: &work, into: &sums, stride: Page.rowCount)
  }
}
