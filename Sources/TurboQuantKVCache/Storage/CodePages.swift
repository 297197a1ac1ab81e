internal import TurboQuantKernels

/// Rows of codes in pages: sealed ones, and an open one that takes the next rows.
///
/// Pages are shared between copies of a cache; a copy that appends copies the open page alone.
struct CodePages: Sendable {
  /// The number of rows.
  private(set) var count = 0
  private var pages: [AlignedBytes] = []

  /// The number of pages.
  var pageCount: Int { pages.count }

  /// Whether page `number` is sealed.
  func isSealed(_ number: Int) -> Bool { (number + 1) * Page.rowCount <= count }

  /// The bytes of page `number`.
  @_lifetime(borrow self)
  func page(_ number: Int) -> RawSpan { AlignedBytes.bytes(of: pages, number) }

  /// The bytes of page `number` as an open one.
  func opened(_ number: Int, _ codec: RowCodec) -> AlignedBytes {
    isSealed(number) ? codec.open(pages[number]) : pages[number]
  }

  /// Appends rows.
  mutating func append(_ rows: CodedRows, _ codec: RowCodec) {
    var done = 0
    while done < rows.count {
      let fill = count % Page.rowCount
      let some = done..<min(rows.count, done + Page.rowCount - fill)
      if fill == 0 { pages.append(AlignedBytes(byteCount: codec.openLayout.byteCount)) }
      let last = pages.count - 1
      rows.copy(some, into: &pages[last], at: fill, codec)
      count += some.count
      done = some.upperBound
      if count % Page.rowCount == 0 { pages[last] = codec.seal(pages[last]) }
    }
  }

  /// Appends a page as it lies in a snapshot.
  mutating func append(_ page: AlignedBytes, rows: Int) {
    precondition(count % Page.rowCount == 0)
    pages.append(page)
    count += rows
  }

  /// Page `number`, with zeros beyond the last row.
  func cleaned(_ number: Int, _ codec: RowCodec) -> AlignedBytes {
    guard !isSealed(number) else { return pages[number] }
    let (layout, rows) = (codec.openLayout, count - number * Page.rowCount)
    var page = AlignedBytes(byteCount: layout.byteCount)
    var target = page.mutableBytes
    let own = pages[number]
    let source = own.bytes
    target.copyBytes(of: source.extracting(0..<rows * codec.codeByteCount))
    for start in Set([layout.scaleOffset, layout.signScaleOffset]) where start < layout.byteCount {
      target.copyBytes(of: source.extracting(start..<start + 4 * rows), to: start)
    }
    return page
  }

  /// Forgets the first `pageCount` pages; the next ones take their numbers.
  mutating func forget(pages pageCount: Int) {
    pages.removeFirst(pageCount)
    count -= pageCount * Page.rowCount
  }

  /// Drops all rows from `newCount` on.
  mutating func truncate(to newCount: Int, _ codec: RowCodec) {
    guard newCount < count else { return }
    let last = newCount / Page.rowCount
    let wasSealed = isSealed(last)
    count = newCount
    pages.removeLast(pages.count - pageCount(count))
    if wasSealed, last < pages.count { pages[last] = codec.open(pages[last]) }
  }

  private func pageCount(_ count: Int) -> Int { (count + Page.rowCount - 1) / Page.rowCount }
}

/// Rows of codes on their way into pages.
struct CodedRows: Sendable {
  /// Packed rows, `stride` bytes apart, of which codes and signs come first.
  let bytes: [UInt8]
  let stride: Int
  /// One a row, empty for none.
  let scales: [Float]
  let signScales: [Float]

  /// The number of rows.
  var count: Int { max(scales.count, signScales.count) }

  /// Copies some rows to rows `start` … of an open page.
  fileprivate func copy(
    _ rows: Range<Int>, into page: inout AlignedBytes, at start: Int, _ codec: RowCodec
  ) {
    var target = page.mutableBytes
    let (source, width) = (bytes.span.raw, codec.codeByteCount)
    for row in rows {
      target.copyBytes(
        of: source.extracting(row * stride..<row * stride + width),
        to: (start + row - rows.lowerBound) * width)
    }
    for (scales, offset) in [
      (scales, codec.openLayout.scaleOffset), (signScales, codec.openLayout.signScaleOffset),
    ] where !scales.isEmpty {
      target.copyBytes(of: scales.span.extracting(rows).raw, to: offset + 4 * start)
    }
  }
}

extension RowCodec {
  /// The sealed form of a full open page.
  fileprivate func seal(_ page: AlignedBytes) -> AlignedBytes {
    var sealed = AlignedBytes(byteCount: sealedLayout.byteCount)
    var target = sealed.mutableBytes
    let source = page.bytes
    for part in sealedLayout.parts { part.seal(source, stride: codeByteCount, into: &target) }
    target.copyBytes(of: source.extracting(openLayout.scaleOffset...), to: sealedLayout.scaleOffset)
    return sealed
  }

  /// The open form of a sealed page.
  fileprivate func open(_ page: AlignedBytes) -> AlignedBytes {
    var open = AlignedBytes(byteCount: openLayout.byteCount)
    var target = open.mutableBytes
    let source = page.bytes
    for part in sealedLayout.parts { part.open(source, stride: codeByteCount, into: &target) }
    target.copyBytes(of: source.extracting(sealedLayout.scaleOffset...), to: openLayout.scaleOffset)
    return open
  }
}
