internal import TurboQuantKernels

/// Rows of codes: sealed in pages, except for the latest, which stay packed until they fill a seal batch.
///
/// Copies of a cache share pages; a copy that appends copies only the last page.
struct CodePages: Sendable {
  private(set) var sealed = SealedPages()
  /// The latest rows, fewer than ``SealBatch/rowCount``, whose scales in the last page are zero.
  private(set) var tail = PackedRows()

  /// The number of rows.
  var count: Int { sealed.count + tail.count }
  /// The number of pages.
  var pageCount: Int { sealed.pages.count }

  /// The rows of page `number` as an open page, zeros beyond the last.
  func opened(_ number: Int, _ codec: ChannelGroupCodec) -> AlignedBytes {
    let latest = number == pageCount - 1 ? tail : PackedRows()
    return codec.open(sealed.pages[number], rows: sealed.rowCount(ofPage: number), then: latest)
  }

  /// Appends rows.
  mutating func append(_ rows: CodedRows, _ codec: ChannelGroupCodec) {
    append(rows, 0..<rows.count, codec)
  }

  /// Appends some of `rows`.
  private mutating func append(_ rows: CodedRows, _ some: Range<Int>, _ codec: ChannelGroupCodec) {
    var done = some.lowerBound
    while done < some.upperBound {
      let next = done..<min(some.upperBound, done + SealBatch.rowCount - tail.count)
      if count % Page.rowCount == 0 {
        sealed.pages.append(AlignedBytes(byteCount: codec.sealedLayout.byteCount))
      }
      tail.append(rows, next, byteCount: codec.codeByteCount)
      done = next.upperBound
      guard tail.count == SealBatch.rowCount else { continue }
      codec.seal(tail, into: &sealed.pages[pageCount - 1], at: sealed.count % Page.rowCount)
      sealed.count += tail.count
      tail.removeAll()
    }
  }

  /// Appends a page of a snapshot: full pages are sealed, the last one is open.
  mutating func append(_ page: AlignedBytes, rows: Int, _ codec: ChannelGroupCodec) {
    precondition(count % Page.rowCount == 0)
    if rows == Page.rowCount {
      sealed.pages.append(page)
      sealed.count += rows
    } else {
      append(codec.rows(ofOpen: page, count: rows), codec)
    }
  }

  /// Page `number` in the form that a snapshot holds.
  func stored(_ number: Int, _ codec: ChannelGroupCodec) -> AlignedBytes {
    let isFull = sealed.rowCount(ofPage: number) == Page.rowCount
    return isFull ? sealed.pages[number] : opened(number, codec)
  }

  /// Forgets the first `pageCount` pages; the next ones take their numbers.
  mutating func forget(pages pageCount: Int) {
    sealed.pages.removeFirst(pageCount)
    sealed.count -= pageCount * Page.rowCount
  }

  /// Removes rows; those behind them move up, with the same codes and scales.
  mutating func remove(_ rows: Range<Int>, _ codec: ChannelGroupCodec) {
    if let whole = Page.whole(rows, of: sealed.count) {
      sealed.pages.removeSubrange(whole)
      sealed.count -= rows.count
      return
    }
    let old = self
    truncate(to: rows.lowerBound, codec)
    for number in rows.upperBound / Page.rowCount..<old.pageCount {
      let skipped = max(0, rows.upperBound - number * Page.rowCount)
      let count = old.sealed.rowCount(ofPage: number)
      if skipped < count {
        append(CodedRows(codec.packed(old.sealed.pages[number], skipped..<count), codec), codec)
      }
    }
    let skipped = max(0, rows.upperBound - old.sealed.count)
    append(CodedRows(old.tail, codec), skipped..<old.tail.count, codec)
  }

  /// Drops all rows from `newCount` on.
  mutating func truncate(to newCount: Int, _ codec: ChannelGroupCodec) {
    guard newCount < count else { return }
    sealed.pages.removeLast(pageCount - (newCount + Page.rowCount - 1) / Page.rowCount)
    guard newCount < sealed.count else { return tail.truncate(to: newCount - sealed.count) }
    // What is left of a seal batch is packed again.
    sealed.count = newCount / SealBatch.rowCount * SealBatch.rowCount
    tail.removeAll()
    guard newCount % Page.rowCount > 0 else { return }
    let (last, start) = (pageCount - 1, (pageCount - 1) * Page.rowCount)
    let left = sealed.count - start..<newCount - start
    tail = codec.packed(sealed.pages[last], left)
    codec.clearScales(of: &sealed.pages[last], from: left.lowerBound)
  }
}

/// The sealed rows of codes, apart from the tail, so that attention retains only these.
struct SealedPages: Sendable {
  /// The number of rows.
  fileprivate(set) var count = 0
  fileprivate(set) var pages: [AlignedBytes] = []

  /// How many rows of page `number` are sealed; they are its first.
  func rowCount(ofPage number: Int) -> Int { min(Page.rowCount, count - number * Page.rowCount) }

  /// The bytes of page `number`.
  @_lifetime(borrow self)
  func page(_ number: Int) -> RawSpan { AlignedBytes.bytes(of: pages, number) }
}
