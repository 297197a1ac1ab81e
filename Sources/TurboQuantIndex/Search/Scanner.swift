// Sums of codes: the only file that calls the kernels that read codes. It selects nothing.

internal import TurboQuant
internal import TurboQuantKernels

/// Sums the codes of rows for queries.
struct Scanner: Sendable {
  private let shape: RowShape
  private let codes: ScanCodebook
  private let kernels: Kernels

  init(_ store: RowStore, _ codes: ScanCodebook, _ kernels: Kernels) {
    shape = store.shape
    self.codes = codes
    self.kernels = kernels
  }

  /// Leaves sums of whole codes in `scratch.sums`, for some queries of a group, RowSegment.rowCount apart.
  func sumCodes(
    _ rows: ScannedRows, _ group: QueryGroup, _ queries: Range<Int>, _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    scratch.reserve(queries: queries.count, hasSketch: shape.sketchColumns > 0)
    try rows.segment.withCodes(rows.blocks) { (blocks) throws(IndexError) in
      var sums = scratch.sums.mutableSpan
      sum(blocks, group, queries, into: &sums)
    }
  }

  /// Sums codes by the kernel that suits their width.
  private func sum(
    _ blocks: borrowing IndexBlocks, _ group: QueryGroup, _ queries: Range<Int>,
    into sums: inout MutableSpan<Float>
  ) {
    let (shape, count) = (shape.codes, queries.count)
    func range(_ size: Int) -> Range<Int> { queries.lowerBound * size..<queries.upperBound * size }
    switch codes {
    case .signs, .lookup:
      let entries = shape.bits == 1 ? group.tables.signTables.span : group.tables.codeTables.span
      kernels.scanLUT(
        blocks, bits: shape.bits,
        tables: entries.extracting(range(shape.tableByteCount(bits: shape.bits))),
        queryCount: count, into: &sums, stride: RowSegment.rowCount)
    case .int8(let centroids, _):
      kernels.scanInt8(
        blocks, centroids: centroids.span,
        weights: group.tables.weights8.span.extracting(range(shape.weightCount)),
        queryCount: count, into: &sums, stride: RowSegment.rowCount)
    case .int16(let magnitudes, _):
      kernels.scanInt16(
        blocks, magnitudes: magnitudes.span,
        weights: group.tables.weights16.span.extracting(range(shape.weightCount)),
        queryCount: count, into: &sums, stride: RowSegment.rowCount)
    }
  }

  /// Writes sums of sign planes, for a whole group, `stride` apart.
  func sumSigns(
    _ rows: ScannedRows, _ group: QueryGroup, into sums: inout MutableSpan<Float>, stride: Int
  ) throws(IndexError) {
    try rows.segment.withSigns(of: .signs, columns: shape.codes.columns, rows.blocks) { plane in
      kernels.scanLUT(
        plane, bits: 1, tables: group.tables.signTables.span, queryCount: group.count,
        into: &sums, stride: stride)
    }
  }

  /// Leaves sums of the second bits of gathered rows, which are in the place of signs, in `scratch.sums`.
  func sumSeconds(
    _ rows: ScannedRows, _ query: Int, _ group: QueryGroup, _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    let codes = shape.codes
    try rows.segment.withSigns(of: .signs, columns: codes.columns, rows.blocks) { plane in
      let size = codes.tableByteCount(bits: 1)
      let tables = group.tables.secondTables.span
      var sums = scratch.sums.mutableSpan
      kernels.scanLUT(
        plane, bits: 1, tables: tables.extracting(size * query..<size * (query + 1)),
        queryCount: 1, into: &sums, stride: RowSegment.rowCount)
    }
  }

  /// Leaves sums of sketches in `scratch.sketchSums`, for a whole group, RowSegment.rowCount apart.
  func sumSketches(
    _ rows: ScannedRows, _ group: QueryGroup, _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    try rows.segment.withSigns(of: .sketch, columns: shape.sketchColumns, rows.blocks) {
      (plane) throws(IndexError) in
      var sums = scratch.sketchSums.mutableSpan
      kernels.scanLUT(
        plane, bits: 1, tables: group.tables.sketchTables.span, queryCount: group.count,
        into: &sums, stride: RowSegment.rowCount)
    }
  }

  /// Leaves what sketches add to the similarities of one query, ‖r‖ times their estimates, in `scratch.sketchAddends`.
  func addends(
    ofSketches rows: ScannedRows, _ group: QueryGroup, _ query: Int, _ scratch: inout ScratchMemory
  ) throws(IndexError) {
    let factors = group.sketchFactors(query)
    let first = query * RowSegment.rowCount
    let sums = scratch.sketchSums
    try rows.segment.withBytes(of: .residualNorms, rows.blocks) { norms in
      var all = scratch.sketchAddends.mutableSpan
      var addends = all._mutatingExtracting(first: rows.count)
      kernels.similarities(
        SimilarityTerms(
          sums: sums.span.extracting(first..<first + rows.count), SimilarityScalars(norms: norms)),
        factors, into: &addends)
    }
  }
}
