/// Rows of one width in pages, shared between copies of a cache until one of them changes a page.
struct Pages<Element: Sendable>: Sendable {
  /// Elements of a row.
  let width: Int
  /// The number of rows.
  private(set) var count = 0
  private var pages: [[Element]] = []

  init(width: Int) { self.width = width }

  /// The number of pages.
  var pageCount: Int { pages.count }

  /// The rows of page `number` one after another.
  subscript(page number: Int) -> [Element] { pages[number] }

  /// The number of rows in page `number`.
  func rowCount(ofPage number: Int) -> Int { pages[number].count / width }

  /// Appends rows that lie one after another.
  mutating func append(_ rows: ArraySlice<Element>) {
    var left = rows
    while !left.isEmpty {
      let fill = count % Page.rowCount
      if fill == 0 {
        pages.append([])
        pages[pages.count - 1].reserveCapacity(Page.rowCount * width)
      }
      let taken = min(left.count, (Page.rowCount - fill) * width)
      pages[pages.count - 1].append(contentsOf: left.prefix(taken))
      left = left.dropFirst(taken)
      count += taken / width
    }
  }

  /// Forgets the first `pageCount` pages; the next ones take their numbers.
  mutating func forget(pages pageCount: Int) {
    pages.removeFirst(pageCount)
    count -= pageCount * Page.rowCount
  }

  /// Removes rows; those behind them move up.
  mutating func remove(_ rows: Range<Int>) {
    if let whole = Page.whole(rows, of: count) {
      pages.removeSubrange(whole)
      count -= rows.count
      return
    }
    let old = self
    truncate(to: rows.lowerBound)
    for number in rows.upperBound / Page.rowCount..<old.pageCount {
      let skipped = max(0, rows.upperBound - number * Page.rowCount)
      append(old.pages[number][(skipped * width)...])
    }
  }

  /// Drops all rows from `newCount` on.
  mutating func truncate(to newCount: Int) {
    guard newCount < count else { return }
    count = newCount
    let whole = (newCount + Page.rowCount - 1) / Page.rowCount
    pages.removeLast(pages.count - whole)
    let last = newCount % Page.rowCount
    if last > 0 { pages[whole - 1].removeLast(pages[whole - 1].count - last * width) }
  }
}
