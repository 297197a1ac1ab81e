internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantFiles
internal import TurboQuantIndex

extension Command {
  /// `turboquant index build`.
  static let indexBuild = Command(
    name: "index build", summary: "Build an index of vectors, which is searched by their codes.",
    discussion: """
      Reads the vectors block by block and keeps their codes in memory; with --originals it keeps the
      vectors too. The index is written completely or not at all. --center reads the file twice. It at
      least halves the error of scores if the mean is longer than the rows' distance from it; a hint on
      standard error then says so. float16 originals are refused if they cannot hold the vectors.

      With --tags rows have names of your own, and the index gives them their ids. Searches show the
      tags, and rows can be replaced and removed by them.
      """,
    operands: [
      Operand(
        name: "IN",
        help: "Vectors: .npy (float16, float32, float64), .fvecs or .fbin; - reads .npy from "
          + "standard input.")
    ],
    options: [.output, .indexBits] + IndexOptions.building + [.rowIDs, .rowTags, .threads, .json],
    run: runIndexBuild)
}

private func runIndexBuild(_ arguments: Arguments, _ console: Console) throws {
  let options = try IndexOptions(arguments)
  let bits = try options.bits(arguments)
  let threads = try arguments.threads()
  guard !options.isCentred || arguments.operands[0] != "-" else {
    throw arguments.wrong(
      "--center reads the vectors twice, which standard input does not allow; save them to a file")
  }
  let inputs = [arguments.operands[0], arguments.idFile(.rowIDs), arguments.rowTagFile]
  let output = try arguments.outputPath(reading: inputs, console) ?? ""
  let names = try arguments.rowNaming()
  var feed = RowFeed(indexPath: output, names: names, threads: threads)

  var file = try VectorFile.open(arguments.operands[0])
  let start = ContinuousClock.now
  feed.hints = BuildHints(
    options, isMetricChosen: arguments.text(.metric) != nil, rows: file.count,
    dimension: file.dimension)
  let mean = options.isCentred ? try options.mean(of: &file, console) : nil
  file.warnIfEmpty(console)
  var index = try naming(index: file.path) {
    try options.index(dimension: file.dimension, bits: bits, mean: mean, tags: names.tagKind)
  }
  let progress = Progress("build", total: file.count, unit: "rows", console)
  try feed.run(&file, into: &index, progress)
  try index.save(to: output)
  let report = BuildReport(
    output: output, index, seconds: (ContinuousClock.now - start).seconds,
    fileBytes: fileSize(output))
  console.report(changeOf: output, arguments.has(.json) ? try JSON.text(report) : report.text)
  for line in feed.hints?.lines ?? [] { console.writeError(line) }
}

extension IndexOptions {
  /// The mean of all rows of a file, which is read and rewound.
  fileprivate func mean(of file: inout VectorFile, _ console: Console) throws -> [Float] {
    guard file.count > 0 else {
      throw CommandFailure("\(file.path): no rows to take the mean of — leave --center out")
    }
    let progress = Progress("mean", total: file.count, unit: "rows", console)
    defer { progress.finish() }
    var sum = VectorSum(dimension: file.dimension, ofDirections: metric == .cosine)
    var block: [Float] = []
    while case let rows = try file.read(upTo: file.blockRowCount, into: &block), rows > 0 {
      sum.add(VectorSet(values: block, dimension: file.dimension))
      progress.advance(by: rows)
    }
    try file.rewind()
    return sum.mean
  }
}

/// What `index build` says when it is done.
private struct BuildReport: Encodable {
  let output: String
  let count: Int
  let dimension: Int
  let quantizer: String
  let bits: Double
  let metric: String
  let isCentred: Bool
  let originals: Nullable<String>
  let tags: Nullable<String>
  let bytesPerVector: Int
  let float32Bytes: Int
  let fileBytes: Int
  let seconds: Double
  let rowsPerSecond: Double
  let fingerprint: String

  enum CodingKeys: String, CodingKey {
    case output, count, dimension, quantizer, bits, metric, originals, tags, seconds, fingerprint
    case isCentred = "centered"
    case bytesPerVector = "bytes_per_vector"
    case float32Bytes = "float32_bytes"
    case fileBytes = "file_bytes"
    case rowsPerSecond = "rows_per_second"
  }

  init(output: String, _ index: VectorIndex, seconds: Double, fileBytes: Int) {
    self.output = output
    self.seconds = seconds
    self.fileBytes = fileBytes
    count = index.count
    dimension = index.codec.dimension
    quantizer = index.codec.quantizer.name
    bits = index.codec.rate.bitsPerCoordinate
    metric = index.metric.name
    isCentred = index.mean != nil
    originals = Nullable(index.originals.map { "\($0)" })
    tags = Nullable(index.tagKind.map { "\($0)" })
    bytesPerVector = index.bytesPerVector
    float32Bytes = 4 * count * dimension
    rowsPerSecond = Double(count) / max(seconds, 1e-9)
    fingerprint = index.fingerprint.description
  }

  var text: String {
    let kept = originals.value.map { ", originals as \($0)" } ?? ""
    let hasTags = tags.value != nil
    let next =
      count > 0
      ? "Search it: turboquant index search \(output) QUERIES.npy"
      : "Fill it: turboquant index add \(output) VECTORS.npy\(hasTags ? " --tags TAGS.txt" : "")"
    return """
      \(output): \(Numbers.counted(count, "row")) of \(dimension) dimensions, \(metric)\
      \(isCentred ? ", centered" : ""), \(quantizer) at \(Numbers.plain(bits)) bits, \
      \(bytesPerVector) bytes per row\(kept)
      \(Numbers.bytes(Double(float32Bytes))) as float32 → \(Numbers.bytes(Double(fileBytes))) \
      with ids\(hasTags ? " and tags" : ""), in \(Numbers.significant(seconds, 2)) s (\(Numbers.rate(rowsPerSecond)) rows/s)
      \(next)

      """
  }
}
