internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantIndex

extension Command {
  /// `turboquant index info`.
  static let indexInfo = Command(
    name: "index info", summary: "Describe an index and how it is searched.",
    operands: [.index], options: [.json],
    run: { arguments, console in try reportIndex(arguments.operands[0], arguments, console) })

  /// `turboquant index verify`.
  static let indexVerify = Command(
    name: "index verify", summary: "Check every byte and every row of an index.",
    discussion: """
      Checks all bytes against their checksums, and their content against Documentation/FileFormat.md.
      The exit code is 0 if the file is intact; otherwise it is 1 and the error names the damaged place.
      """,
    operands: [.index], options: [.json],
    run: { arguments, console in try verifyIndex(arguments.operands[0], arguments, console) })
}

/// Says what an index holds.
func reportIndex(_ path: String, _ arguments: Arguments, _ console: Console) throws {
  let report = try IndexReport(path, try openIndex(path), fileBytes: fileSize(path))
  console.write(arguments.has(.json) ? try JSON.text(report) : report.text)
}

/// Checks an index.
func verifyIndex(_ path: String, _ arguments: Arguments, _ console: Console) throws {
  // Opened first, so that a file of another kind is called what it is.
  _ = try openIndex(path)
  let bytes = fileSize(path)
  let progress = Progress("verify", total: bytes, unit: "bytes", console)
  defer { progress.finish() }
  let index = try VectorIndex.verify(path) { done, _ in progress.advance(to: Int(clamping: done)) }
  progress.finish()
  let report = VerifyReport(path: path, count: index.count, checkedBytes: bytes)
  console.write(arguments.has(.json) ? try JSON.text(report) : report.text)
}

/// What `index info` says.
private struct IndexReport: Encodable {
  let path: String
  let format = "tqi"
  let count: Int
  let dimension: Int
  let metric: String
  let quantizer: String
  let bits: Double
  let isCentred: Bool
  let originals: Nullable<String>
  /// What tags are: text, or any bytes.
  let tags: Nullable<String>
  let tagBytes: Nullable<Int>
  let rotation: String
  let sketch: Nullable<String>
  let directions: Nullable<Int>
  let seed: UInt64
  let bytesPerVector: Int
  let fileBytes: Int
  let ratio: Double
  let distortion: Nullable<Double>
  let hasCertificate: Bool
  let fingerprint: String

  enum CodingKeys: String, CodingKey {
    case path, format, count, dimension, metric, quantizer, bits, originals, tags, rotation
    case sketch, directions, seed, fingerprint
    case tagBytes = "tag_bytes"
    case isCentred = "centered"
    case bytesPerVector = "bytes_per_vector"
    case fileBytes = "file_bytes"
    case ratio = "ratio_to_float32"
    case distortion = "mse_theory"
    case hasCertificate = "certified_search"
  }

  init(_ path: String, _ index: VectorIndex, fileBytes: Int) throws {
    let codec = index.codec
    self.path = path
    self.fileBytes = fileBytes
    count = index.count
    dimension = codec.dimension
    metric = index.metric.name
    quantizer = codec.quantizer.name
    bits = codec.rate.bitsPerCoordinate
    isCentred = index.mean != nil
    originals = Nullable(index.originals.map { "\($0)" })
    tags = Nullable(index.tagKind.map { "\($0)" })
    tagBytes = Nullable(try index.tagKind.map { _ in try index.tagByteCount() })
    rotation = "\(codec.rotation.kind)"
    sketch = Nullable(codec.sketch.map { "\($0.kind)" })
    directions = Nullable(codec.sketch?.directions)
    seed = codec.seed
    bytesPerVector = index.bytesPerVector
    ratio = Double(4 * codec.dimension) / Double(index.bytesPerVector)
    distortion = Nullable(codec.distortion)
    hasCertificate = index.hasCertificate
    fingerprint = index.fingerprint.description
  }

  var text: String {
    let sketchFacts = sketch.value.map { kind in
      [("sketch", "\(kind), \(Numbers.grouped(directions.value ?? 0)) directions")]
    }
    let prediction = distortion.value.map {
      [("distortion", "\(Numbers.significant($0, 4)) predicted")]
    }
    let kept = originals.value.map { "\($0), for --rerank" }
    let tagFact = tags.value.map {
      "\($0), \(Numbers.grouped(tagBytes.value ?? 0)) bytes, and 8 for each row"
    }
    let reading =
      hasCertificate
      ? "certified: in large indexes a code is read whole only if its first bits leave the row a chance"
      : "exhaustive: one-bit, two-stage and short codes are always read whole"
    return listing(
      path,
      [
        ("rows", Numbers.grouped(count)),
        ("dimension", Numbers.grouped(dimension)),
        ("metric", Metric.description(of: metric) + (isCentred ? ", centered" : "")),
        ("quantizer", "\(quantizer), \(Numbers.plain(bits)) bits per coordinate"),
        ("rotation", rotation),
      ] + (sketchFacts ?? []) + [
        ("seed", "\(seed)"),
        ("bytes per vector", "\(bytesPerVector), and 8 for the id"),
        ("ratio to float32", "\(Numbers.significant(ratio, 3))×"),
      ] + (prediction ?? []) + [
        ("originals", kept ?? "not kept"),
        ("tags", tagFact ?? "none"),
        ("search", reading),
        ("file", "\(Numbers.grouped(fileBytes)) bytes"),
        ("fingerprint", fingerprint),
      ])
  }
}
