internal import TurboQuantKernels

/// Rows of codes in sealed pages, all but the latest, which are kept packed until they are a run.
///
/// Pages are shared between copies of a cache; a copy that appends copies the last page alone.
struct CodePages: Sendable {
  private(set) var sealed = SealedPages()
  /// The latest rows, fewer than ``Page/runCount``, whose scales in the last page are zero.
  private(set) var tail = PackedRows()

  /// The number of rows.
  var count: Int { sealed.count + tail.count }
  /// The number of pages.
  var pageCount: Int { sealed.pages.count }

  /// The rows of page `number` as an open page, zeros beyond the last.
  func opened(_ number: Int, _ codec: ChannelGroupCodec) -> AlignedBytes {
    let others = number == pageCount - 1 ? tail : PackedRows()
    return codec.open(sealed.pages[number], rows: sealed.rowCount(ofPage: number), then: others)
  }

  /// Appends rows.
  mutating func append(_ rows: CodedRows, _ codec: ChannelGroupCodec) {
    var done = 0
    while done < rows.count {
      let some = done..<min(rows.count, done + Page.runCount - tail.count)
      if count % Page.rowCount == 0 {
        sealed.pages.append(AlignedBytes(byteCount: codec.sealedLayout.byteCount))
      }
      tail.append(rows, some, byteCount: codec.codeByteCount)
      done = some.upperBound
      guard tail.count == Page.runCount else { continue }
      codec.seal(tail, into: &sealed.pages[pageCount - 1], at: sealed.count % Page.rowCount)
      sealed.count += tail.count
      tail.removeAll()
    }
  }

  /// Appends a page as it lies in a snapshot, a full one sealed, the last one open.
  mutating func append(_ page: AlignedBytes, rows: Int, _ codec: ChannelGroupCodec) {
    precondition(count % Page.rowCount == 0)
    if rows == Page.rowCount {
      sealed.pages.append(page)
      sealed.count += rows
    } else {
      append(codec.rows(ofOpen: page, count: rows), codec)
    }
  }

  /// Page `number` as it lies in a snapshot.
  func stored(_ number: Int, _ codec: ChannelGroupCodec) -> AlignedBytes {
    let isFull = sealed.rowCount(ofPage: number) == Page.rowCount
    return isFull ? sealed.pages[number] : opened(number, codec)
  }

  /// Forgets the first `pageCount` pages; the next ones take their numbers.
  mutating func forget(pages pageCount: Int) {
    sealed.pages.removeFirst(pageCount)
    sealed.count -= pageCount * Page.rowCount
  }

  /// Drops all rows from `newCount` on.
  mutating func truncate(to newCount: Int, _ codec: ChannelGroupCodec) {
    guard newCount < count else { return }
    sealed.pages.removeLast(pageCount - (newCount + Page.rowCount - 1) / Page.rowCount)
    guard newCount < sealed.count else { return tail.truncate(to: newCount - sealed.count) }
    // What is left of a run is packed again.
    sealed.count = newCount / Page.runCount * Page.runCount
    tail.removeAll()
    guard newCount % Page.rowCount > 0 else { return }
    let (last, start) = (pageCount - 1, (pageCount - 1) * Page.rowCount)
    let left = sealed.count - start..<newCount - start
    tail = codec.packed(sealed.pages[last], left)
    codec.clearScales(of: &sealed.pages[last], from: left.lowerBound)
  }
}

/// The sealed rows of codes: a part of its own, so that readers need not retain the others.
struct SealedPages: Sendable {
  /// The number of rows.
  fileprivate(set) var count = 0
  fileprivate(set) var pages: [AlignedBytes] = []

  /// The rows of page `number` that are sealed, from the first on.
  func rowCount(ofPage number: Int) -> Int { min(Page.rowCount, count - number * Page.rowCount) }

  /// The bytes of page `number`.
  @_lifetime(borrow self)
  func page(_ number: Int) -> RawSpan { AlignedBytes.bytes(of: pages, number) }
}

/// Rows of codes, packed one after another.
struct PackedRows: Sendable {
  private(set) var bytes: [UInt8] = []
  /// One a row, empty for none.
  private(set) var scales: [Float] = []
  private(set) var signScales: [Float] = []

  init() {}

  init(bytes: [UInt8], scales: [Float], signScales: [Float]) {
    (self.bytes, self.scales, self.signScales) = (bytes, scales, signScales)
  }

  /// The number of rows.
  var count: Int { max(scales.count, signScales.count) }

  /// Appends some rows, of which `byteCount` bytes are codes.
  fileprivate mutating func append(_ rows: CodedRows, _ range: Range<Int>, byteCount: Int) {
    for row in range {
      bytes += rows.bytes[row * rows.stride..<row * rows.stride + byteCount]
    }
    if !rows.scales.isEmpty { scales += rows.scales[range] }
    if !rows.signScales.isEmpty { signScales += rows.signScales[range] }
  }

  fileprivate mutating func truncate(to newCount: Int) {
    bytes.removeLast(bytes.count / count * (count - newCount))
    scales.removeLast(max(0, scales.count - newCount))
    signScales.removeLast(max(0, signScales.count - newCount))
  }

  fileprivate mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    scales.removeAll(keepingCapacity: true)
    signScales.removeAll(keepingCapacity: true)
  }
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
}

// MARK: Between both forms

extension ChannelGroupCodec {
  /// Puts a run into rows `row`, … of a page.
  fileprivate func seal(_ run: PackedRows, into page: inout AlignedBytes, at row: Int) {
    var target = page.mutableBytes
    for part in sealedLayout.parts {
      part.seal(run.bytes.span.raw, stride: codeByteCount, into: &target, at: row)
    }
    for (scales, offset) in scales(run, sealedLayout) {
      target.copyBytes(of: scales.span.raw, to: offset + 4 * row)
    }
  }

  /// Scales and where they begin in pages of a layout.
  private func scales(_ rows: PackedRows, _ layout: PageLayout) -> [([Float], Int)] {
    (hasCodes ? [(rows.scales, layout.scaleOffset)] : [])
      + (hasSigns ? [(rows.signScales, layout.signScaleOffset)] : [])
  }

  /// Rows of a sealed page.
  fileprivate func packed(_ page: AlignedBytes, _ rows: Range<Int>) -> PackedRows {
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

  /// The first rows of a sealed page, then others, as an open one.
  fileprivate func open(
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
  fileprivate func rows(ofOpen page: AlignedBytes, count: Int) -> CodedRows {
    let source = page.bytes
    return CodedRows(
      bytes: byteArray(source.extracting(0..<count * codeByteCount)), stride: codeByteCount,
      scales: hasCodes ? floats(source, openLayout.scaleOffset, 0..<count) : [],
      signScales: hasSigns ? floats(source, openLayout.signScaleOffset, 0..<count) : [])
  }

  /// Makes scales of rows `row`, … of a sealed page zero, so that their codes count nothing.
  fileprivate func clearScales(of page: inout AlignedBytes, from row: Int) {
    let zeros = [Float](repeating: 0, count: Page.rowCount - row)
    var target = page.mutableBytes
    for (_, offset) in scales(PackedRows(), sealedLayout) {
      target.copyBytes(of: zeros.span.raw, to: offset + 4 * row)
    }
  }
}
