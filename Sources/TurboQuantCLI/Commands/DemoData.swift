// One of the files of this module that may say `unsafe`: the embedded data are C arrays.
internal import CDemoData
internal import TurboQuantEvaluation

/// The vectors and texts that are compiled into the program.
struct DemoData: Sendable {
  /// Embeddings of package descriptions.
  let rows: VectorSet
  /// Embeddings of short descriptions that were held back.
  let queries: VectorSet
  /// The text of each row.
  let rowTexts: [String]
  /// The text of each query.
  let queryTexts: [String]

  /// The first rows and queries of `data`, for a quick look.
  init(first rowCount: Int, queries queryCount: Int, of data: DemoData) {
    let d = data.rows.dimension
    rows = VectorSet(values: Array(data.rows.values.prefix(rowCount * d)), dimension: d)
    queries = VectorSet(values: Array(data.queries.values.prefix(queryCount * d)), dimension: d)
    rowTexts = Array(data.rowTexts.prefix(rowCount))
    queryTexts = Array(data.queryTexts.prefix(queryCount))
  }

  /// Unpacks the embedded files.
  ///
  /// - Throws: ``CommandFailure`` when they are not what this program was built with.
  init() throws(CommandFailure) {
    rowTexts = unsafe Self.lines(Self.bytes(ctq_demo_vector_texts()))
    queryTexts = unsafe Self.lines(Self.bytes(ctq_demo_query_texts()))
    rows = try unsafe Self.vectors(Self.bytes(ctq_demo_vectors()), count: rowTexts.count)
    queries = try unsafe Self.vectors(Self.bytes(ctq_demo_queries()), count: queryTexts.count)
  }

  private static func bytes(_ file: ctq_demo_file) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
  }

  private static func lines(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The float16 values after a `.npy` header of format 1.0.
  private static func vectors(
    _ file: [UInt8], count: Int
  ) throws(CommandFailure) -> VectorSet {
    let start = file.count >= 10 ? 10 + Int(file[8]) + Int(file[9]) << 8 : 0
    let valueCount = (file.count - start) / 2
    guard start > 0, count > 0, valueCount > 0, valueCount % count == 0 else {
      throw CommandFailure("the embedded vectors do not go with their texts: build anew")
    }
    let values = (0..<valueCount).map { i in
      let (low, high) = (UInt16(file[start + 2 * i]), UInt16(file[start + 2 * i + 1]))
      return float(half: high << 8 | low)
    }
    return VectorSet(values: values, dimension: valueCount / count)
  }

  /// The value of a finite IEEE half; Float16 itself is missing on Intel Macs.
  static func float(half bits: UInt16) -> Float {
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF)
    let magnitude =
      exponent == 0
      ? fraction * 0x1p-24
      : Float(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
    return bits >> 15 == 0 ? magnitude : -magnitude
  }
}
