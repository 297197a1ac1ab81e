internal import TurboQuantEvaluation
internal import TurboQuantFiles
internal import TurboQuantIndex

extension Command {
  /// `turboquant index add`.
  static let indexAdd = Command(
    name: "index add", summary: "Add vectors to an index, or replace some of its rows.",
    discussion: """
      The changed index replaces the old one in one atomic step. While another command changes the
      index, this one waits up to 30 seconds, then fails.
      """,
    operands: [
      .index,
      Operand(name: "IN", help: "Vectors of the same dimension; - reads .npy from standard input."),
    ],
    options: [.rowIDs, .upsert, .threads, .json], run: runIndexAdd)

  /// `turboquant index remove`.
  static let indexRemove = Command(
    name: "index remove", summary: "Remove rows from an index.",
    discussion: """
      Removes all of the ids, or none if one of them is missing. The changed index replaces the old one
      in one atomic step. While another command changes the index, this one waits up to 30 seconds, then
      fails.
      """,
    operands: [.index], options: [.removedIDs, .json], run: runIndexRemove)

  /// `turboquant index merge`.
  static let indexMerge = Command(
    name: "index merge", summary: "Merge several indexes into one.",
    discussion: """
      Copies codes as they are, so the indexes must be built alike: the same dimension, bits, metric, seed
      and originals, and no --center, whose mean differs from file to file. They must share no id. The
      output must not be one of them.
      """,
    operands: [
      Operand(name: "A.tqi", help: "An index."),
      Operand(name: "B.tqi", help: "Indexes with other ids.", isRepeated: true),
    ],
    options: [.output, .json], run: runIndexMerge)
}

extension Operand {
  /// An existing index.
  static let index = Operand(
    name: "INDEX.tqi", help: "An index that “turboquant index build” wrote.")
}

extension Option {
  fileprivate static let upsert = Option(
    name: "upsert", help: "Replace rows whose id is already in the index; needs --ids.")
}

private func runIndexAdd(_ arguments: Arguments, _ console: Console) throws {
  let path = arguments.operands[0]
  let threads = try arguments.threads()
  let isUpsert = arguments.has(.upsert)
  guard !isUpsert || arguments.text(.rowIDs) != nil else {
    throw arguments.wrong("--upsert needs --ids, which say what to replace")
  }
  let ids = try arguments.ids(.rowIDs)
  let start = ContinuousClock.now
  let lock = try lockIndex(path, console)
  var index = try openIndex(path)
  let before = index.count
  var file = try VectorFile.open(arguments.operands[1])
  try file.requireDimension(of: index, path)
  file.warnIfEmpty(console)
  var feed = RowFeed(indexPath: path, ids: ids, isUpsert: isUpsert, threads: threads)
  let progress = Progress("add", total: file.count, unit: "rows", console)
  try feed.run(&file, into: &index, progress)
  try index.save(replacing: lock)
  var report = ChangeReport(path, index, since: start)
  report.added = index.count - before
  report.replaced = file.count - report.added
  report.firstID = Nullable(feed.givenIDs?.lowerBound)
  report.lastID = Nullable(feed.givenIDs?.upperBound)
  console.report(changeOf: path, arguments.has(.json) ? try JSON.text(report) : report.text)
}

private func runIndexRemove(_ arguments: Arguments, _ console: Console) throws {
  let path = arguments.operands[0]
  let start = ContinuousClock.now
  guard let list = try arguments.ids(.removedIDs) else { return }
  try list.requireDistinct()
  let lock = try lockIndex(path, console)
  var index = try openIndex(path)
  do throws(IndexError) {
    try index.remove(list.ids)
  } catch {
    guard case .unknownID(let id) = error.kind, let place = list.ids.firstIndex(of: id) else {
      return try naming(index: path) { throw error }
    }
    throw CommandFailure(
      "\(list.place(place)): \(path) has no id \(id), and nothing was removed — leave it out")
  }
  try index.save(replacing: lock)
  var report = ChangeReport(path, index, since: start)
  report.removed = list.ids.count
  console.report(changeOf: path, arguments.has(.json) ? try JSON.text(report) : report.text)
}

private func runIndexMerge(_ arguments: Arguments, _ console: Console) throws {
  let paths = arguments.operands
  let output = try arguments.outputPath(reading: paths, console) ?? ""
  let start = ContinuousClock.now
  let progress = Progress("merge", total: paths.count, unit: "indexes", console)
  defer { progress.finish() }
  var index = try openIndex(paths[0])
  let before = index.count
  for path in paths.dropFirst() {
    let other = try openIndex(path)
    do throws(IndexError) {
      try index.merge(other)
    } catch {
      guard case .duplicateID(let id, _) = error.kind else {
        return try naming(index: path) { throw error }
      }
      throw CommandFailure(
        "\(path): id \(id) is also in an index before it — build one of them with other --ids")
    }
    progress.advance()
  }
  try index.save(to: output)
  progress.finish()
  var report = ChangeReport(output, index, since: start)
  report.added = index.count - before
  console.report(changeOf: output, arguments.has(.json) ? try JSON.text(report) : report.text)
}

/// What a command says after a change.
private struct ChangeReport: Encodable {
  let path: String
  let count: Int
  let fileBytes: Int
  let seconds: Double
  var added = 0
  var replaced = 0
  var removed = 0
  /// The ids that the index gave, where the caller gave none.
  var firstID = Nullable<UInt64>(nil)
  var lastID = Nullable<UInt64>(nil)

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
    if let first = firstID.value, let last = lastID.value { ids = ", ids \(first) … \(last)" }
    return "\(path): \(done.isEmpty ? "nothing to do" : done)\(ids); "
      + "\(Numbers.counted(count, "row")) in \(Numbers.bytes(Double(fileBytes)))\n"
  }
}
