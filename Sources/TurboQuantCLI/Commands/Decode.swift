internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantFiles

extension Command {
  /// `turboquant decode`.
  static let decode = Command(
    name: "decode", summary: "Decode a .tqv file into float32 vectors.",
    discussion: """
      Writes the reconstruction of every row, block by block. The output is written completely or not
      at all.
      """,
    operands: [Operand(name: "IN.tqv", help: "Codes that “turboquant encode” wrote.")],
    options: [.output, .threads, .json], run: runDecode)
}

private func runDecode(_ arguments: Arguments, _ console: Console) throws {
  let threads = try arguments.threads()
  let input = arguments.operands[0]
  let output = try arguments.outputPath(reading: [input], console) ?? ""
  if isIndexFile(input) {
    throw CommandFailure(
      "\(input): an index, not codes that “turboquant encode” wrote — its vectors are in the file it was "
        + "built from; see turboquant index info \(input)")
  }
  let file = try CodeFile(input)
  let codec = file.codec
  var writer = try NpyWriter(output, dimension: codec.dimension)
  let progress = Progress("decode", total: file.count, unit: "rows", console)
  let start = ContinuousClock.now
  let blockSize = max(1, (1 << 20) / codec.dimension)
  for first in stride(from: 0, to: file.count, by: blockSize) {
    let codes = try file.codes(of: first..<min(file.count, first + blockSize))
    let vectors = try naming(file.path) {
      do {
        return try codec.decode(codes, threads: threads)
      } catch let error as CodecError {
        throw error.addingRows(first)
      }
    }
    try writer.append(vectors.span)
    progress.advance(by: codes.count)
  }
  try writer.finish()
  progress.finish()
  let report = DecodeReport(
    output: output, count: file.count, dimension: codec.dimension,
    seconds: (ContinuousClock.now - start).seconds)
  console.report(
    changeOf: output, arguments.has(.json) ? try JSON.text(report) : report.text)
}

/// What `decode` says when it is done.
private struct DecodeReport: Encodable {
  let output: String
  let count: Int
  let dimension: Int
  let seconds: Double

  var text: String {
    let rate = Numbers.rate(Double(count) / max(seconds, 1e-9))
    return "\(output): \(Numbers.grouped(count)) rows of \(dimension) dimensions, float32, in "
      + "\(Numbers.significant(seconds, 2)) s (\(rate) rows/s)\n"
  }
}
