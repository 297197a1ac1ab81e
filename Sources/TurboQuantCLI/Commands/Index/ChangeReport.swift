internal import TurboQuantEvaluation
internal import TurboQuantIndex

/// What a command says after a change.
struct ChangeReport: Encodable {
  let path: String
  let count: Int
  let fileBytes: Int
  let seconds: Double
  var added = 0
  var replaced = 0
  var removed = 0
  /// The ids that the index gave.
  var firstID = Nullable<UInt64>(nil)
  var lastID = Nullable<UInt64>(nil)
  /// Whether these ids stand in place of others.
  var replacesIDs = false

  enum CodingKeys: String, CodingKey {
    case path, count, seconds, added, replaced, removed
    case fileBytes = "file_bytes"
    case firstID = "first_id"
    case lastID = "last_id"
  }

  init(_ path: String, _ index: VectorIndex, since start: ContinuousClock.Instant) {
    self.path = path
    count = index.count
    fileBytes = fileSize(path)
    seconds = (ContinuousClock.now - start).seconds
  }

  var text: String {
    let changes = [(added, "added"), (replaced, "replaced"), (removed, "removed")]
    let done = changes.filter { $0.0 > 0 }.map { "\(Numbers.counted($0.0, "row")) \($0.1)" }
      .joined(separator: ", ")
    var ids = ""
    if let first = firstID.value, let last = lastID.value {
      ids = ", ids \(first) … \(last)" + (replacesIDs ? " in place of their own" : "")
    }
    return "\(path): \(done.isEmpty ? "nothing to do" : done)\(ids); "
      + "\(Numbers.counted(count, "row")) in \(Numbers.bytes(Double(fileBytes)))\n"
  }
}
