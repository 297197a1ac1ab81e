internal import TurboQuantEvaluation
internal import TurboQuantFiles
internal import TurboQuantIndex

extension Command {
  /// `turboquant index add`.
  static let indexAdd = Command(
    name: "index add", summary: "Add vectors to an index, or replace some of its rows.",
    discussion: """
      The changed index replaces the old one in one atomic step. While another command changes the
      index, this one waits up to 30 seconds, then fails. An index that was built with --tags takes
      vectors with --tags only, and gives them their ids.
      """,
    operands: [
      .index,
      Operand(name: "IN", help: "Vectors of the same dimension; - reads .npy from standard input."),
    ],
    options: [.rowIDs, .rowTags, .upsert, .threads, .json], run: runIndexAdd)

  /// `turboquant index remove`.
  static let indexRemove = Command(
    name: "index remove", summary: "Remove rows from an index.",
    discussion: """
      Removes all rows that --ids or --tags name, or none if one of them is missing. The changed index
      replaces the old one in one atomic step. While another command changes the index, this one waits
      up to 30 seconds, then fails.
      """,
    operands: [.index], options: [.removedIDs, .removedTags, .json], run: runIndexRemove)

  /// `turboquant index merge`.
  static let indexMerge = Command(
    name: "index merge", summary: "Merge several indexes into one.",
    discussion: """
      Copies codes as they are, so the indexes must be built alike: the same dimension, bits, metric, seed
      and originals, and no --center, whose mean differs from file to file. They must share no id. If they
      have tags, all must have them and share none; rows of all but the first index get new ids then. The
      output must not be one of them.
      """,
    operands: [
      Operand(name: "A.tqi", help: "An index."),
      Operand(name: "B.tqi", help: "Indexes with other ids, or other tags.", isRepeated: true),
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
    name: "upsert",
    help: "Replace rows whose id or tag is already in the index; needs --ids or --tags.")
}

private func runIndexAdd(_ arguments: Arguments, _ console: Console) throws {
  let path = arguments.operands[0]
  let threads = try arguments.threads()
  let isUpsert = arguments.has(.upsert)
  guard !isUpsert || arguments.has(.rowIDs) || arguments.has(.rowTags) else {
    throw arguments.wrong("--upsert needs --ids or --tags, which say what to replace")
  }
  let names = try arguments.rowNaming()
  let start = ContinuousClock.now
  let lock = try lockIndex(path, console)
  var index = try openIndex(path)
  try names.requireKind(of: index, path)
  let before = index.count
  var file = try VectorFile.open(arguments.operands[1])
  try file.requireDimension(of: index, path)
  file.warnIfEmpty(console)
  var feed = RowFeed(indexPath: path, names: names, isUpsert: isUpsert, threads: threads)
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
  try arguments.requireIDsOrTags(.removedIDs, .removedTags)
  let (ids, tags) = (try arguments.ids(.removedIDs), try arguments.tags(.removedTags))
  guard ids != nil || tags != nil else {
    throw arguments.wrong("--ids LIST or --tags LIST is missing, which say what to remove")
  }
  try ids?.requireDistinct()
  try tags?.requireDistinct()
  let lock = try lockIndex(path, console)
  var index = try openIndex(path)
  let before = index.count
  try ids?.remove(from: &index, path)
  try tags?.remove(from: &index, path)
  try index.save(replacing: lock)
  var report = ChangeReport(path, index, since: start)
  report.removed = before - index.count
  console.report(changeOf: path, arguments.has(.json) ? try JSON.text(report) : report.text)
}

extension IDList {
  fileprivate func remove(from index: inout VectorIndex, _ path: String) throws {
    do throws(IndexError) {
      try index.remove(names)
    } catch {
      guard case .unknownID(let id) = error.kind else {
        return try naming(index: path) { throw error }
      }
      throw missing(id, in: path)
    }
  }
}

extension TagList {
  fileprivate func remove(from index: inout VectorIndex, _ path: String) throws {
    guard index.tagKind != nil else {
      throw CommandFailure("\(path): its rows have no tags — name them with --ids")
    }
    do throws(IndexError) {
      try index.remove(tags: names)
    } catch {
      guard case .unknownTag(let tag) = error.kind else {
        return try naming(index: path) { throw error }
      }
      throw missing(tag, in: path, fileHint)
    }
  }
}

extension RowNames {
  /// The error of a name that the index does not have.
  fileprivate func missing(_ name: Name, in path: String, _ hint: String? = nil) -> CommandFailure {
    let place = names.firstIndex(of: name).map(place) ?? source
    return CommandFailure(
      "\(place): \(path) has no \(name.phrase), and nothing was removed — leave it out"
        + (hint.map { ", or \($0)" } ?? ""))
  }
}

private func runIndexMerge(_ arguments: Arguments, _ console: Console) throws {
  let paths = arguments.operands
  let output = try arguments.outputPath(reading: paths, console) ?? ""
  let start = ContinuousClock.now
  let progress = Progress("merge", total: paths.count, unit: "indexes", console)
  defer { progress.finish() }
  var index = try openIndex(paths[0])
  let before = index.count
  let largestID = index.tagKind == nil ? nil : try index.ids().max()
  for path in paths.dropFirst() {
    try index.merge(try openIndex(path), path, first: paths[0])
    progress.advance()
  }
  try index.save(to: output)
  progress.finish()
  var report = ChangeReport(output, index, since: start)
  report.added = index.count - before
  if index.tagKind != nil {
    let new = try index.ids().filter { id in largestID.map { id > $0 } ?? true }
    report.firstID = Nullable(new.min())
    report.lastID = Nullable(new.max())
    report.replacesIDs = true
  }
  console.report(changeOf: output, arguments.has(.json) ? try JSON.text(report) : report.text)
}

extension VectorIndex {
  /// Adds the rows of the index at `path`; the first of those merged is at `first`.
  fileprivate mutating func merge(_ other: VectorIndex, _ path: String, first: String) throws {
    guard (other.tagKind == nil) == (tagKind == nil) else {
      let (with, without) = tagKind == nil ? (path, first) : (first, path)
      throw CommandFailure(
        "\(without): its rows have no tags, and those of \(with) have — build both with --tags, or "
          + "neither")
    }
    do throws(IndexError) {
      try merge(other)
    } catch {
      switch error.kind {
      case .duplicateID(let id, _):
        throw CommandFailure(
          "\(path): id \(id) is also in an index before it — build one of them with other --ids")
      case .duplicateTag(let tag, _):
        throw CommandFailure(
          "\(path): \(tag.phrase) is also in an index before it — remove it from one of them: "
            + "turboquant index remove INDEX.tqi --tags LIST")
      default: try naming(index: path) { throw error }
      }
    }
  }
}
