// Unsealing: rows of a page become packed rows again.

internal import TurboQuantKernels

extension ChannelGroupCodec {
  /// Rows of a sealed page, packed.
  func packed(_ page: AlignedBytes, _ rows: Range<Int>) -> PackedRows {
    let source = page.bytes
    var codes = AlignedBytes(byteCount: rows.count * codeByteCount)
    var target = codes.mutableBytes
    for part in sealedLayout.parts {
      part.open(source, rows, stride: codeByteCount, into: &target)
    }
    return PackedRows(
      bytes: byteArray(codes.bytes),
      scales: hasCodes ? floats(source, sealedLayout.scaleOffset, rows) : [],
      signScales: hasSigns ? floats(source, sealedLayout.signScaleOffset, rows) : [])
  }

  private func byteArray(_ bytes: RawSpan) -> [UInt8] {
    bytes.byteOffsets.map { bytes.byte(at: $0) }
  }

  private func floats(_ page: RawSpan, _ offset: Int, _ rows: Range<Int>) -> [Float] {
    rows.map { page.float32(at: offset + 4 * $0) }
  }

  /// An open page of the first rows of a sealed page, followed by the tail.
  func open(
    _ page: AlignedBytes, rows sealed: Int, then tail: PackedRows
  ) -> AlignedBytes {
    var open = AlignedBytes(byteCount: openLayout.byteCount)
    var target = open.mutableBytes
    var first = 0
    for rows in [packed(page, 0..<sealed), tail] {
      target.copyBytes(of: rows.bytes.span.raw, to: first * codeByteCount)
      for (scales, offset) in scales(rows, openLayout) {
        target.copyBytes(of: scales.span.raw, to: offset + 4 * first)
      }
      first += rows.count
    }
    return open
  }

  /// The first `count` rows of an open page.
  func rows(ofOpen page: AlignedBytes, count: Int) -> CodedRows {
    let source = page.bytes
    return CodedRows(
      bytes: byteArray(source.extracting(0..<count * codeByteCount)), stride: codeByteCount,
      scales: hasCodes ? floats(source, openLayout.scaleOffset, 0..<count) : [],
      signScales: hasSigns ? floats(source, openLayout.signScaleOffset, 0..<count) : [])
  }

  /// Sets the scales of a sealed page to zero from `row` on, so that the codes there count nothing.
  func clearScales(of page: inout AlignedBytes, from row: Int) {
    let zeros = [Float](repeating: 0, count: Page.rowCount - row)
    var target = page.mutableBytes
    for (_, offset) in scales(PackedRows(), sealedLayout) {
      target.copyBytes(of: zeros.span.raw, to: offset + 4 * row)
    }
  }
}

extension PageLayout.Part {
  /// Copies the part of some rows of a sealed page into packed rows, which are zero before.
  func open(
    _ page: RawSpan, _ chosen: Range<Int>, stride: Int, into rows: inout MutableRawSpan
  ) {
    for row in chosen {
      let start = (row - chosen.lowerBound) * stride + rowOffset
      if case .rows(let pageStride) = order {
        let pageRow = offset + row * pageStride
        rows.copyBytes(of: page.extracting(pageRow..<pageRow + packedByteCount), to: start)
      } else {
        rows.copyBytes(of: packedRow(row, page).span.raw, to: start)
      }
    }
  }

  /// One row out of quads.
  private func packedRow(_ row: Int, _ page: RawSpan) -> [UInt8] {
    var packed = [UInt8](repeating: 0, count: packedByteCount)
    for i in 0..<coordinates.count {
      let code: UInt8
      switch order {
      case .quads(let shape): code = shape.code(page, at: offset, row: row, i)
      case .transposed(let shape): code = shape.code(page, at: offset, row: i, row)
      case .rows: preconditionFailure("rows are no quads")
      }
      // A code may lie in two bytes.
      let bits = UInt16(code) << UInt16(i * self.bits % 8)
      packed[i * self.bits / 8] |= UInt8(truncatingIfNeeded: bits)
      if bits > 255 { packed[i * self.bits / 8 + 1] |= UInt8(bits >> 8) }
    }
    return packed
  }
}
