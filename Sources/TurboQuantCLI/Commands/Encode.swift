internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantFiles

extension Command {
  /// `turboquant encode`.
  static let encode = Command(
    name: "encode", summary: "Encode vectors into a .tqv file of codes.",
    discussion: """
      Reads and writes block by block, so the vectors may be larger than memory. The output is written
      completely or not at all. Its bytes depend only on the input and the options, not on the machine
      or the number of threads.
      """,
    operands: [
      Operand(
        name: "IN",
        help: "Vectors: .npy (float16, float32, float64), .fvecs or .fbin; - reads .npy from "
          + "standard input.")
    ],
    options: [.output, .bits, .quantizer] + CodecOptions.shared + [.threads, .json],
    run: runEncode)
}

private func runEncode(_ arguments: Arguments, _ console: Console) throws {
  let options = try CodecOptions(arguments)
  let name = arguments.text(.quantizer) ?? "scalar"
  let quantizer = try options.quantizers([name], arguments)[0]
  let rate = try arguments.rate(arguments.text(.bits) ?? (name == "qjl" ? "1" : "4"))
  let threads = try arguments.threads()
  let output = try arguments.outputPath(reading: [arguments.operands[0]], console) ?? ""

  var file = try VectorFile.open(arguments.operands[0])
  let path = file.path
  file.warnIfEmpty(console)
  let codec = try naming(path) {
    try options.codec(
      dimension: file.dimension, rate: rate, quantizer: quantizer, arguments)
  }
  var writer = try CodeFileWriter(output, codec: codec)
  let progress = Progress("encode", total: file.count, unit: "rows", console)
  let start = ContinuousClock.now
  var block: [Float] = []
  while case let rows = try file.read(upTo: file.blockRowCount, into: &block), rows > 0 {
    let first = file.nextRow - rows
    let codes = try naming(path) {
      do throws(CodecError) {
        return try codec.encode(block, threads: threads)
      } catch {
        throw error.addingRows(first)
      }
    }
    try writer.append(codes)
    progress.advance(by: rows)
  }
  try writer.finish()
  progress.finish()
  let seconds = (ContinuousClock.now - start).seconds
  let report = EncodeReport(
    output: output, codec: codec, count: file.count, seconds: seconds,
    fileBytes: fileSize(output))
  console.report(changeOf: output, arguments.has(.json) ? try JSON.text(report) : report.text)
}

/// Runs `body` and puts the file's name before the message of a codec's error.
///
/// `zeroVectors` is the advice about a vector without a direction.
func naming<Result>(
  _ path: String, zeroVectors: String = "leave it out, or leave out --normalization unit",
  _ body: () throws -> Result
) throws -> Result {
  do {
    return try body()
  } catch let error as CodecError {
    // Not the file but the environment is wrong.
    if case .targetUnavailable = error.kind { throw error }
    if case .zeroVector(let row) = error.kind {
      throw CommandFailure(
        "\(path): row \(row) is the zero vector, which has no direction — \(zeroVectors)")
    }
    throw CommandFailure("\(path): \(error)")
  }
}

extension VectorFile {
  /// Rows that make some megabytes of floats.
  var blockRowCount: Int { max(1, (1 << 20) / dimension) }

  /// Warns that there is nothing to do.
  borrowing func warnIfEmpty(_ console: Console) {
    if count == 0 { console.warn("\(path) has no rows — is it the right file?") }
  }
}

/// What `encode` says when it is done.
private struct EncodeReport: Encodable {
  let output: String
  let count: Int
  let dimension: Int
  let quantizer: String
  let bits: Double
  let bytesPerVector: Int
  let float32Bytes: Int
  let fileBytes: Int
  let ratio: Double
  let seconds: Double
  let rowsPerSecond: Double
  let fingerprint: String

  enum CodingKeys: String, CodingKey {
    case output, count, dimension, quantizer, bits, seconds, fingerprint
    case bytesPerVector = "bytes_per_vector"
    case float32Bytes = "float32_bytes"
    case fileBytes = "file_bytes"
    case ratio = "ratio_to_float32"
    case rowsPerSecond = "rows_per_second"
  }

  init(output: String, codec: Codec, count: Int, seconds: Double, fileBytes: Int) {
    self.output = output
    self.count = count
    self.seconds = seconds
    self.fileBytes = fileBytes
    dimension = codec.dimension
    quantizer = codec.quantizer.name
    bits = codec.rate.bitsPerCoordinate
    bytesPerVector = codec.bytesPerVector
    float32Bytes = 4 * count * codec.dimension
    ratio = Double(float32Bytes) / Double(max(1, fileBytes))
    rowsPerSecond = Double(count) / max(seconds, 1e-9)
    fingerprint = codec.fingerprint.description
  }

  var text: String {
    """
    \(output): \(Numbers.grouped(count)) rows of \(dimension) dimensions, \(quantizer) at \
    \(Numbers.plain(bits)) bits, \(bytesPerVector) bytes per row
    \(Numbers.bytes(Double(float32Bytes))) as float32 → \(Numbers.bytes(Double(fileBytes))), \
    \(Numbers.significant(ratio, 3))× smaller, in \(Numbers.significant(seconds, 2)) s \
    (\(Numbers.rate(rowsPerSecond)) rows/s)
    fingerprint \(fingerprint.prefix(16))…

    """
  }
}
