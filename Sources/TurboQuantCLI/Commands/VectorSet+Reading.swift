internal import TurboQuantEvaluation
internal import TurboQuantFiles

extension VectorSet {
  /// Reads a file of vectors, its first `limit` rows only unless nil.
  init(reading path: String, limit: Int?, _ console: Console) throws {
    var file = try VectorFile.open(path)
    try self.init(reading: &file, limit: limit, console)
  }

  /// Reads an open file of vectors, its first `limit` rows only unless nil.
  init(reading file: inout VectorFile, limit: Int?, _ console: Console) throws {
    let wanted = min(file.count, limit ?? file.count)
    let progress = Progress("read", total: wanted, unit: "rows", console)
    defer { progress.finish() }
    var values: [Float] = []
    var block: [Float] = []
    while file.nextRow < wanted {
      let rows = try file.read(
        upTo:
          min(wanted - file.nextRow, file.blockRowCount), into: &block)
      values += block
      progress.advance(by: rows)
    }
    self.init(values: values, dimension: file.dimension)
  }
}
