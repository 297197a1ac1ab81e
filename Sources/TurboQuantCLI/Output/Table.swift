/// Rows of text in aligned columns.
struct Table {
  /// On which side a column's text stands.
  enum Alignment {
    /// Text.
    case left
    /// Numbers.
    case right
  }

  private let columns: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []
  private let gap: Int

  /// Creates a table with titled columns, `gap` spaces apart.
  init(_ columns: [(title: String, alignment: Alignment)], gap: Int = 2) {
    self.columns = columns
    self.gap = gap
  }

  /// Adds a row; missing cells stay empty.
  mutating func append(_ cells: [String]) { rows.append(cells) }

  /// The lines, titles first, without spaces at their ends.
  var lines: [String] {
    let all = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in
      all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return all.map { row in
      let cells = columns.indices.map { column in
        let cell = column < row.count ? row[column] : ""
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return columns[column].alignment == .left ? cell + space : space + cell
      }
      var line = cells.joined(separator: String(repeating: " ", count: gap))
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
