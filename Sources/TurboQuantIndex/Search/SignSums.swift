// Sums of sign planes that a certified search keeps.

internal import TurboQuantKernels

/// Sums of the signs of the rows of some segments, for each query of a group.
struct SignSums: Sendable {
  let segments: Range<Int>
  private var sums: [Float]

  /// Makes room for sums, in memory that is taken from `scratch`.
  init(_ segments: Range<Int>, queryCount: Int, _ scratch: inout ScratchMemory) {
    self.segments = segments
    sums = []
    swap(&sums, &scratch.signSums)
    sums.reserve(queryCount * segments.count * RowSegment.rowCount)
  }

  /// Its memory, for others.
  var memory: [Float] { sums }

  /// Floats from one query's sums to the next's.
  private var stride: Int { segments.count * RowSegment.rowCount }

  /// Where the sums of some rows begin, counted from the first of a query.
  private func place(of rows: ScannedRows) -> Int {
    guard case .from(let first) = rows.slots else { return 0 }
    return first - segments.lowerBound * RowSegment.rowCount
  }

  /// The sums of some rows for a query.
  @_lifetime(borrow self)
  func sums(_ query: Int, of rows: ScannedRows) -> Span<Float> {
    let first = query * stride + place(of: rows)
    return sums.span.extracting(first..<first + rows.count)
  }

  /// The sum of the row in a slot for a query.
  func sum(_ query: Int, _ slot: UInt32) -> Float {
    sums[query * stride + Int(slot) - segments.lowerBound * RowSegment.rowCount]
  }

  /// Lends the sums of some rows for the first query, and the stride to those of the next.
  mutating func withSums(
    of rows: ScannedRows, _ body: (_ sums: inout MutableSpan<Float>, _ stride: Int) -> Void
  ) {
    let (first, stride) = (place(of: rows), stride)
    var all = sums.mutableSpan
    var output = all._mutatingExtracting(first...)
    body(&output, stride)
  }
}
