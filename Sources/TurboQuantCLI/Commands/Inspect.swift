internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantFiles

extension Command {
  /// `turboquant inspect`.
  static let inspect = Command(
    name: "inspect", summary: "Describe a file of codes or vectors, or an index.",
    operands: [Operand(name: "FILE", help: "A .tqv, .tqi, .npy, .fvecs or .fbin file.")],
    options: [.json], run: runInspect)
}

private func runInspect(_ arguments: Arguments, _ console: Console) throws {
  let path = arguments.operands[0]
  let isJSON = arguments.has(.json)
  let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
  if path == "-" || VectorFile.Format(rawValue: ending) != nil {
    let report = try VectorFileReport(path)
    console.write(isJSON ? try JSON.text(report) : report.text)
  } else if isIndexFile(path) {
    try reportIndex(path, arguments, console)
  } else {
    let report = CodeFileReport(try CodeFile(path))
    console.write(isJSON ? try JSON.text(report) : report.text)
  }
}

/// Facts in two columns, below the file's name.
func listing(_ path: String, _ facts: [(String, String)]) -> String {
  var table = Table([("", .left), ("", .left)])
  for (name, value) in facts { table.append(["  \(name)", value]) }
  return ([path] + table.lines.dropFirst()).joined(separator: "\n") + "\n"
}

/// What `inspect` says of codes.
private struct CodeFileReport: Encodable {
  let path: String
  let format = "tqv"
  let count: Int
  let dimension: Int
  let quantizer: String
  let bits: Double
  let rotation: String
  let sketch: Nullable<String>
  let directions: Nullable<Int>
  let normalization: String
  let seed: UInt64
  let bytesPerVector: Int
  let codeBytes: Int
  let signBytes: Int
  let scalarBytes: Int
  let fileBytes: Int
  let ratio: Double
  let distortion: Nullable<Double>
  let fingerprint: String

  enum CodingKeys: String, CodingKey {
    case path, format, count, dimension, quantizer, bits, rotation, sketch, directions
    case normalization, seed, fingerprint
    case bytesPerVector = "bytes_per_vector"
    case codeBytes = "code_bytes"
    case signBytes = "sign_bytes"
    case scalarBytes = "scalar_bytes"
    case fileBytes = "file_bytes"
    case ratio = "ratio_to_float32"
    case distortion = "mse_theory"
  }

  init(_ file: borrowing CodeFile) {
    let codec = file.codec
    path = file.path
    count = file.count
    dimension = codec.dimension
    quantizer = codec.quantizer.name
    bits = codec.rate.bitsPerCoordinate
    rotation = "\(codec.rotation.kind)"
    sketch = Nullable(codec.sketch.map { "\($0.kind)" })
    directions = Nullable(codec.sketch?.directions)
    normalization = "\(codec.normalization)"
    seed = codec.seed
    bytesPerVector = codec.bytesPerVector
    codeBytes = codec.layout.codes.count
    signBytes = codec.layout.signs.count
    scalarBytes = bytesPerVector - codeBytes - signBytes
    fileBytes = file.byteCount
    ratio = Double(4 * codec.dimension) / Double(codec.bytesPerVector)
    distortion = Nullable(codec.distortion)
    fingerprint = codec.fingerprint.description
  }

  var text: String {
    let sketchFacts = sketch.value.map { kind in
      [("sketch", "\(kind), \(Numbers.grouped(directions.value ?? 0)) directions")]
    }
    let lengths = normalization == "norm" ? "each row keeps its norm" : "directions only (cosine)"
    let prediction = distortion.value.map {
      [("distortion", "\(Numbers.significant($0, 4)) predicted")]
    }
    return listing(
      path,
      [
        ("rows", Numbers.grouped(count)),
        ("dimension", Numbers.grouped(dimension)),
        ("quantizer", "\(quantizer), \(Numbers.plain(bits)) bits per coordinate"),
        ("rotation", rotation),
      ] + (sketchFacts ?? []) + [
        ("normalization", "\(normalization): \(lengths)"),
        ("seed", "\(seed)"),
        (
          "bytes per vector",
          "\(bytesPerVector) = \(codeBytes) codes + \(signBytes) signs + \(scalarBytes) scalars"
        ),
        ("ratio to float32", "\(Numbers.significant(ratio, 3))×"),
      ] + (prediction ?? []) + [
        ("file", "\(Numbers.grouped(fileBytes)) bytes"),
        ("fingerprint", fingerprint),
      ])
  }
}

/// What `inspect` says of vectors.
private struct VectorFileReport: Encodable {
  let path: String
  let format: String
  let elementType: String
  let count: Int
  let dimension: Int
  let sampledRows: Int
  let normMinimum: Double
  let normMean: Double
  let normMaximum: Double

  enum CodingKeys: String, CodingKey {
    case path, format, count, dimension
    case elementType = "dtype"
    case sampledRows = "sampled_rows"
    case normMinimum = "norm_min"
    case normMean = "norm_mean"
    case normMaximum = "norm_max"
  }

  init(_ path: String) throws {
    var file = try VectorFile.open(path)
    var block: [Float] = []
    let rows = min(10_000, file.blockRowCount * 4)
    sampledRows = try file.read(upTo: rows, into: &block)
    let norms = VectorSet(values: block, dimension: file.dimension).norms
    self.path = file.path
    format = file.format.rawValue
    elementType = "\(file.elementType)"
    count = file.count
    dimension = file.dimension
    normMinimum = norms.min() ?? 0
    normMean = norms.reduce(0, +) / Double(max(1, norms.count))
    normMaximum = norms.max() ?? 0
  }

  var text: String {
    let norms = [normMinimum, normMean, normMaximum].map { Numbers.significant($0, 4) }
    let sample = sampledRows < count ? " of the first \(Numbers.grouped(sampledRows)) rows" : ""
    return listing(
      path,
      [
        ("rows", Numbers.grouped(count)),
        ("dimension", Numbers.grouped(dimension)),
        ("type", "\(format), \(elementType)"),
        ("norms", "\(norms[0]) … \(norms[2]), mean \(norms[1])\(sample)"),
      ])
  }
}
