internal import TurboQuantFiles
internal import TurboQuantIndex

/// The hits of a search as an array of records, for NumPy.
struct HitTable {
  private var rows: [UInt8] = []
  private var count = 0
  private let queryCount: Int
  private let hasErrors: Bool

  /// Puts the hits of all queries one below another.
  init(_ hits: [[Hit]], hasErrors: Bool) {
    self.hasErrors = hasErrors
    queryCount = hits.count
    for (query, hits) in hits.enumerated() {
      for hit in hits {
        append(Int64(query))
        append(hit.id)
        append(hit.score.bitPattern)
        guard hasErrors else { continue }
        append((hit.standardError ?? .nan).bitPattern)
        append((hit.interval(2)?.low ?? .nan).bitPattern)
        append((hit.interval(2)?.high ?? .nan).bitPattern)
      }
      count += hits.count
    }
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      rows.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Writes the array, and says so.
  func write(to path: String, _ console: Console) throws {
    let fields = [("query", "<i8"), ("id", "<u8"), ("score", "<f4")]
    let errors = [("standard_error", "<f4"), ("low", "<f4"), ("high", "<f4")]
    try NpyTableWriter.write(
      rows, count: count, fields: fields + (hasErrors ? errors : []), to: path)
    console.report(
      changeOf: path,
      "\(path): \(Numbers.counted(count, "hit")) of "
        + "\(Numbers.counted(queryCount, "query", "queries"))\n")
  }
}
