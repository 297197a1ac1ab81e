internal import TurboQuant
internal import TurboQuantFiles
internal import TurboQuantIndex
internal import TurboQuantStorage

/// Opens the index in a file; the error says what the file is if it is plainly something else.
func openIndex(_ path: String) throws -> VectorIndex {
  let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
  if VectorFile.Format(rawValue: ending) != nil, try fileStatus(at: path) != nil {
    throw CommandFailure(
      "\(path): vectors, not an index — make one: turboquant index build \(path) -o INDEX.tqi")
  }
  if containerKind(at: path) == "VECS" {
    throw CommandFailure(
      "\(path): codes that “turboquant encode” wrote, not an index — make one from the vectors: "
        + "turboquant index build VECTORS.npy -o INDEX.tqi")
  }
  return try VectorIndex(opening: path)
}

/// Whether a file says that it is an index; false also if it cannot be read, which its reader reports.
func isIndexFile(_ path: String) -> Bool { containerKind(at: path) == "INDX" }

/// Locks the index in a file for a change, or waits for the lock.
func lockIndex(_ path: String, _ console: Console) throws -> IndexFileLock {
  let lock = try IndexFileLock(path)
  if let file = try fileStatus(at: path) { console.noteOtherNames(of: file, path) }
  return lock
}

/// Runs `body` and puts a file's name before the message of an index's error: the index's, or the vectors'.
func naming<Result>(
  index path: String, vectors: String? = nil, _ body: () throws -> Result
) throws -> Result {
  do {
    return try body()
  } catch let error as IndexError {
    switch error.kind {
    case .file: throw error
    case .codec(let reason):
      return try naming(vectors ?? path, zeroVectors: .zeroVectorsInIndex) { throw reason }
    case .noOriginals:
      throw CommandFailure(
        "\(path): keeps no originals to compare with — build it with --originals float16, or leave "
          + "--rerank out")
    default: throw CommandFailure("\(path): \(error)")
    }
  }
}

extension String {
  /// What to do about a vector without a direction.
  fileprivate static let zeroVectorsInIndex =
    "leave it out, or build the index with --metric ip or l2"
}

extension VectorFile {
  /// Refuses vectors that do not go with an index.
  borrowing func requireDimension(of index: VectorIndex, _ indexPath: String) throws {
    guard dimension == index.codec.dimension else {
      throw CommandFailure(
        "\(path): vectors of dimension \(dimension), expected \(index.codec.dimension) as in "
          + "\(indexPath) — were they made by the same model?")
    }
  }
}

/// Feeds the rows of a file to an index, block by block.
struct RowFeed {
  /// Where the index is, or will be.
  let indexPath: String
  /// What the rows are known by.
  let names: RowNaming
  /// Whether rows take the place of those that have their id or tag.
  let isUpsert: Bool
  /// Threads that encode.
  let threads: Int
  /// What the rows suggest, if hints are wanted.
  var hints: BuildHints?
  /// The least and the most of the ids that the index gave.
  private(set) var givenIDs: ClosedRange<UInt64>?

  init(indexPath: String, names: RowNaming, isUpsert: Bool = false, threads: Int) {
    self.indexPath = indexPath
    self.names = names
    self.isUpsert = isUpsert
    self.threads = threads
  }

  /// Adds all rows of `file`, of which none has been read.
  mutating func run(
    _ file: inout VectorFile, into index: inout VectorIndex, _ progress: Progress
  ) throws {
    try names.require(count: file.count, rowsOf: file.path)
    if !isUpsert { try names.requireDistinct() }
    defer { progress.finish() }
    var block: [Float] = []
    while case let rows = try file.read(upTo: file.blockRowCount, into: &block), rows > 0 {
      let first = file.nextRow - rows
      do throws(IndexError) {
        try add(block, first..<file.nextRow, to: &index)
      } catch {
        throw try failure(error, firstRow: first, file.path)
      }
      hints?.note(block, firstRow: first)
      progress.advance(by: rows)
    }
  }

  private mutating func add(
    _ block: [Float], _ rows: Range<Int>, to index: inout VectorIndex
  ) throws(IndexError) {
    switch (names, isUpsert) {
    case (.assigned, _): note(given: try index.add(block, threads: threads))
    case (.ids(let list), false):
      try index.add(block, ids: Array(list.names[rows]), threads: threads)
    case (.ids(let list), true):
      try index.upsert(block, ids: Array(list.names[rows]), threads: threads)
    case (.tags(let list), false):
      note(given: try index.add(block, tags: Array(list.names[rows]), threads: threads))
    case (.tags(let list), true):
      // Rows that are replaced keep their ids, which are no range.
      try index.upsert(block, tags: Array(list.names[rows]), threads: threads)
    }
  }

  private mutating func note(given ids: [UInt64]) {
    guard let first = ids.first, let last = ids.last else { return }
    givenIDs = (givenIDs?.lowerBound ?? first)...last
  }

  /// The error in words of the files: rows counted from the first block, ids by their line.
  private func failure(_ error: IndexError, firstRow: Int, _ path: String) throws -> any Error {
    switch error.kind {
    case .codec(let reason):
      return try naming(path, zeroVectors: .zeroVectorsInIndex) {
        throw reason.addingRows(firstRow)
      }
    case .normOutOfRange(let norm, let row):
      return CommandFailure(
        "\(path): row \(firstRow + row) has the length \(Float(norm)), but scores fit float32 only "
          + "between 2⁻⁶² and 2⁶² — scale the vectors")
    case .duplicateID(let id, let row): return taken(id, firstRow + row, path)
    case .duplicateTag(let tag, let row): return taken(tag, firstRow + row, path)
    case .beyondHalfPrecision:
      return CommandFailure(
        "\(path): \(error.addingRows(firstRow)) — build with --originals float32")
    default: return try naming(index: path) { throw error.addingRows(firstRow) }
    }
  }

  private func taken(_ name: some RowName, _ row: Int, _ path: String) -> CommandFailure {
    CommandFailure(
      "\(names.place(row) ?? "\(path): row \(row)"): \(name.phrase) is in \(indexPath) already — "
        + "add --upsert to replace its row")
  }
}
