internal import TurboQuant
internal import TurboQuantKernels

/// The section of a `.tqi` file that describes its other sections; Documentation/FileFormat.md has the byte table.
struct IndexRecord: Equatable {
  static let version: UInt32 = 2
  static let kind = "INDX"
  static let codecSection = "codec"
  static let section = "index"
  static let fixedByteCount = 64

  let metric: Metric
  let originals: Originals?
  let mean: [Float]?
  let count: Int
  let nextID: UInt64?
  let fingerprint: [UInt8]

  init(_ index: VectorIndex) {
    metric = index.metric
    originals = index.originals
    mean = index.mean
    count = index.count
    nextID = index.nextID
    fingerprint = index.fingerprint.bytes
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: IndexRecord.version)
    bytes.append(metric.rawValue)
    bytes.append(originals?.rawValue ?? 0)
    bytes.append(mean == nil ? 0 : 1)
    bytes.append(nextID == nil ? 0 : 1)
    bytes.append(littleEndian: UInt64(count))
    bytes.append(littleEndian: nextID ?? 0)
    bytes.append(littleEndian: UInt64(0))
    bytes += fingerprint
    for value in mean ?? [] { bytes.append(littleEndian: value.bitPattern) }
    return bytes
  }

  /// Reads a record for a codec of `dimension` coordinates; `refuse` makes an error of a reason and
  /// the byte of the section at which it arose.
  init(
    _ bytes: RawSpan, dimension: Int, refuse: (String, Int) -> IndexError
  ) throws(IndexError) {
    guard bytes.byteCount >= IndexRecord.fixedByteCount else {
      throw refuse("\(bytes.byteCount) bytes, expected at least \(IndexRecord.fixedByteCount)", 0)
    }
    let version = bytes.integer(at: 0, as: UInt32.self)
    guard version <= IndexRecord.version else {
      throw refuse(
        "index version \(version), this build knows \(IndexRecord.version); update turboquant", 0)
    }
    guard version == IndexRecord.version else {
      throw refuse(
        "index version \(version), which lays codes out otherwise; build the index again", 0)
    }
    guard let metric = Metric(rawValue: bytes.byte(at: 4)) else {
      throw refuse("metric \(bytes.byte(at: 4))", 4)
    }
    let kept = bytes.byte(at: 5)
    guard kept == 0 || Originals(rawValue: kept) != nil else {
      throw refuse("originals of \(kept) bytes per coordinate", 5)
    }
    for flag in 6...7 where bytes.byte(at: flag) > 1 {
      throw refuse("flag \(bytes.byte(at: flag)), expected 0 or 1", flag)
    }
    let hasMean = bytes.byte(at: 6) == 1
    guard bytes.byteCount == IndexRecord.fixedByteCount + (hasMean ? 4 * dimension : 0) else {
      throw refuse("\(bytes.byteCount) bytes, which is not the length its flags ask for", 6)
    }
    guard let count = Int(exactly: bytes.integer(at: 8, as: UInt64.self)) else {
      throw refuse("more rows than fit", 8)
    }
    let hasNext = bytes.byte(at: 7) == 1
    let next = bytes.integer(at: 16, as: UInt64.self)
    guard hasNext || next == 0 else { throw refuse("a next id that its flag denies", 16) }
    guard bytes.integer(at: 24, as: UInt64.self) == 0 else {
      throw refuse("a reserved byte is not zero", 24)
    }
    self.metric = metric
    self.count = count
    originals = Originals(rawValue: kept)
    nextID = hasNext ? next : nil
    fingerprint = (32..<64).map { bytes.byte(at: $0) }
    mean =
      hasMean
      ? (0..<dimension).map { bytes.float32(at: IndexRecord.fixedByteCount + 4 * $0) } : nil
  }
}
