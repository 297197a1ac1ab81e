/// The size of a page.
enum Page {
  /// Rows of a page: enough that a page's cost is its rows', few enough that a fork copies little.
  static let rowCount = 256
  /// Rows of a page that are sealed together: two groups of keys, of values as many tokens as fill every piece of
  /// their quads.
  static let runCount = 32
}
