// Sums of sign planes that the first stage of a certified search keeps.

internal import TurboQuantKernels

/// Sums of the signs of the rows of some segments, for each query of a group.
///
/// The rows of the segments have consecutive places.
struct SignSums: Sendable {
  let segments: [Int]
  private var sums: [Float]

  /// Makes room for sums, in memory that is taken from `scratch`.
  init(_ segments: [Int], queryCount: Int, _ scratch: inout ScratchMemory) {
    self.segments = segments
    sums = []
    swap(&sums, &scratch.signSums)
    sums.reserve(queryCount * segments.count * RowSegment.rowCount)
  }

  /// Its memory, for others.
  var memory: [Float] { sums }

  /// How many places there are.
  var count: Int { segments.count * RowSegment.rowCount }

  /// The place of the first of some rows of the segment at `position`.
  func place(of rows: ScannedRows, at position: Int) -> Int {
    position * RowSegment.rowCount + rows.blocks.lowerBound * BlockShape.rowCount
  }

  /// The slot of the row in a place.
  func slot(_ place: Int) -> UInt32 {
    let (segment, row) = place.quotientAndRemainder(dividingBy: RowSegment.rowCount)
    return UInt32(segments[segment] * RowSegment.rowCount + row)
  }

  /// The sum of the row in a place.
  func sum(_ query: Int, _ place: Int) -> Float { sums[query * count + place] }

  /// The sums of `rowCount` rows from a place on.
  @_lifetime(borrow self)
  func sums(_ query: Int, _ place: Int, _ rowCount: Int) -> Span<Float> {
    let first = query * count + place
    return sums.span.extracting(first..<first + rowCount)
  }

  /// Notes that a row has been read whole: its sum reaches no cutoff again.
  mutating func markAsRead(_ query: Int, _ place: Int) { sums[query * count + place] = -.infinity }

  /// Lends the sums from a place on for the first query, and the stride to those of the next.
  mutating func withSums(
    from place: Int,
    _ body: (_ sums: inout MutableSpan<Float>, _ stride: Int) throws(IndexError) -> Void
  ) throws(IndexError) {
    let stride = count
    var all = sums.mutableSpan
    var output = all._mutatingExtracting(place...)
    try body(&output, stride)
  }
}
