internal import TurboQuantKernels

/// The keys, or the values, of one head between its sinks and its window, in the precision asked for.
enum StoredRows: Sendable {
  case floats(Pages<Float>)
  case float16s(Pages<UInt16>)
  /// One element per channel group, all with the same number of rows.
  case codes([CodePages], KeyOrValueCodec)

  /// The number of rows.
  var count: Int {
    switch self {
    case .floats(let pages): pages.count
    case .float16s(let pages): pages.count
    case .codes(let groups, _): groups[0].count
    }
  }

  /// The number of pages.
  var pageCount: Int { (count + Page.rowCount - 1) / Page.rowCount }

  /// Calls `body` with the memory of a page.
  func withPage(_ number: Int, _ body: (RawSpan) -> Void) {
    switch self {
    case .floats(let pages): body(pages[page: number].span.raw)
    case .float16s(let pages): body(pages[page: number].span.raw)
    case .codes(let groups, _): for group in groups { body(group.sealed.page(number)) }
    }
  }

  /// Bytes of a row.
  var rowByteCount: Int {
    switch self {
    case .floats(let pages): 4 * pages.width
    case .float16s(let pages): 2 * pages.width
    case .codes(_, let codec): codec.rowByteCount
    }
  }

  /// Appends rows, which are of the same kind.
  mutating func append(_ rows: RowBatch) {
    // Take the pages out while they change: a second owner would force a copy.
    switch (self, rows) {
    case (.floats(var pages), .floats(let rows)):
      self = .floats(Pages(width: pages.width))
      pages.append(rows[...])
      self = .floats(pages)
    case (.float16s(var pages), .float16s(let rows)):
      self = .float16s(Pages(width: pages.width))
      pages.append(rows[...])
      self = .float16s(pages)
    case (.codes(var groups, let codec), .codes(let rows)):
      self = .codes([], codec)
      for i in groups.indices { groups[i].append(rows[i], codec.channelGroups[i]) }
      self = .codes(groups, codec)
    default: preconditionFailure("rows of another kind")
    }
  }

  /// Forgets the first `pageCount` pages; the next ones take their numbers.
  mutating func forget(pages pageCount: Int) {
    switch self {
    case .floats(var pages):
      pages.forget(pages: pageCount)
      self = .floats(pages)
    case .float16s(var pages):
      pages.forget(pages: pageCount)
      self = .float16s(pages)
    case .codes(var groups, let codec):
      for i in groups.indices { groups[i].forget(pages: pageCount) }
      self = .codes(groups, codec)
    }
  }

  /// Removes rows; those behind them move up as they are.
  mutating func remove(_ rows: Range<Int>) {
    switch self {
    case .floats(var pages):
      self = .floats(Pages(width: pages.width))
      pages.remove(rows)
      self = .floats(pages)
    case .float16s(var pages):
      self = .float16s(Pages(width: pages.width))
      pages.remove(rows)
      self = .float16s(pages)
    case .codes(var groups, let codec):
      self = .codes([], codec)
      for i in groups.indices { groups[i].remove(rows, codec.channelGroups[i]) }
      self = .codes(groups, codec)
    }
  }

  /// Drops all rows from `newCount` on.
  mutating func truncate(to newCount: Int) {
    switch self {
    case .floats(var pages):
      self = .floats(Pages(width: pages.width))
      pages.truncate(to: newCount)
      self = .floats(pages)
    case .float16s(var pages):
      self = .float16s(Pages(width: pages.width))
      pages.truncate(to: newCount)
      self = .float16s(pages)
    case .codes(var groups, let codec):
      self = .codes([], codec)
      for i in groups.indices { groups[i].truncate(to: newCount, codec.channelGroups[i]) }
      self = .codes(groups, codec)
    }
  }
}
