internal import TurboQuant
internal import TurboQuantKernels

/// Rows to be stored: packed by the codec, with ids, tags and originals.
struct RowBatch: ~Escapable {
  /// The codec's rows.
  let rows: RawSpan
  /// Where codes and scalars lie within one of them.
  let layout: RowLayout
  /// One component along its centre per row, or nothing.
  let centerComponents: Span<Float>
  /// One id per row.
  let ids: Span<UInt64>
  /// One tag per row, or nothing.
  let tags: [RowTag]
  /// The originals.
  let originals: OriginalRows

  @_lifetime(copy rows, copy centerComponents, copy ids)
  init(
    rows: RawSpan, layout: RowLayout, centerComponents: Span<Float>, ids: Span<UInt64>,
    tags: [RowTag], originals: OriginalRows
  ) {
    precondition(rows.byteCount == ids.count * layout.bytesPerVector)
    precondition(centerComponents.isEmpty || centerComponents.count == ids.count)
    precondition(tags.isEmpty || tags.count == ids.count)
    self.rows = rows
    self.layout = layout
    self.centerComponents = centerComponents
    self.ids = ids
    self.tags = tags
    self.originals = originals
  }

  /// The number of rows.
  var count: Int { ids.count }

  /// Where the scalars lie within a row.
  var scalars: [(part: Part, offset: Int?)] {
    [
      (.norms, layout.norm), (.alignments, layout.alignment),
      (.residualNorms, layout.residualNorm),
    ]
  }

  /// A scalar of a row.
  ///
  /// A zero vector has alignment 0 and norm 0. Storing an alignment of 1 gives it the score 0 without dividing by 0.
  func scalar(_ offset: Int?, row: Int, _ part: Part) -> Float {
    guard let offset else { return 1 }
    let value = rows.float32(at: row * layout.bytesPerVector + offset)
    return part == .alignments && !(value > 0) ? 1 : value
  }
}
