// Sealing: packed rows move into a page, where kernels read them.

internal import TurboQuantKernels

extension ChannelGroupCodec {
  /// Moves a seal batch into a page, from `row` on.
  func seal(_ batch: PackedRows, into page: inout AlignedBytes, at row: Int) {
    var target = page.mutableBytes
    for part in sealedLayout.parts {
      part.seal(batch.bytes.span.raw, stride: codeByteCount, into: &target, at: row)
    }
    for (scales, offset) in scales(batch, sealedLayout) {
      target.copyBytes(of: scales.span.raw, to: offset + 4 * row)
    }
  }

  /// The kinds of scales that rows have, and where each begins in a page.
  func scales(_ rows: PackedRows, _ layout: PageLayout) -> [([Float], Int)] {
    (hasCodes ? [(rows.scales, layout.scaleOffset)] : [])
      + (hasSigns ? [(rows.signScales, layout.signScaleOffset)] : [])
  }
}

extension PageLayout.Part {
  /// Moves the part of a seal batch, `stride` bytes per row, into a page, from row `first` on.
  func seal(_ rows: RawSpan, stride: Int, into page: inout MutableRawSpan, at first: Int) {
    switch order {
    case .rows(let pageStride):
      for row in 0..<SealBatch.rowCount {
        let start = row * stride + rowOffset
        page.copyBytes(
          of: rows.extracting(start..<start + packedByteCount),
          to: offset + (first + row) * pageStride)
      }
    case .quads(let shape):
      for row in Swift.stride(from: 0, to: SealBatch.rowCount, by: QuadShape.rowCount) {
        shape.fill(
          rows, at: row * stride + rowOffset, stride: stride, into: &page,
          at: offset + (first + row) / QuadShape.rowCount * shape.groupByteCount)
      }
    case .transposed(let shape):
      shape.fillTransposed(
        rows, at: rowOffset, stride: stride, groups: coordinates.count / QuadShape.rowCount,
        into: &page, at: offset, first..<first + SealBatch.rowCount)
    }
  }
}
