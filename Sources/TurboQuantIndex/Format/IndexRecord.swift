internal import TurboQuant
internal import TurboQuantKernels

/// The section of a `.tqi` file that describes its other sections; Documentation/FileFormat.md has the byte tables.
struct IndexRecord: Equatable {
  /// The version written, and the newest one read.
  static let version: UInt32 = 3
  static let kind = "INDX"
  static let codecSection = "codec"
  static let section = "index"
  static let centersSection = "centres"
  static let byteCount = 64
  /// The one order of codes' bits, that of `ctq_blocks`.
  private static let blocks: UInt8 = 1

  let metric: Metric
  let originals: Originals?
  let tags: TagKind?
  /// 0 or 1.
  let centerCount: Int
  let count: Int
  let nextID: UInt64?
  let fingerprint: [UInt8]

  init(_ index: VectorIndex) {
    metric = index.metric
    originals = index.originals
    tags = index.tagKind
    centerCount = index.mean == nil ? 0 : 1
    count = index.count
    nextID = index.nextID
    fingerprint = index.fingerprint.bytes
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: IndexRecord.version)
    bytes.append(metric.rawValue)
    bytes.append(originals?.rawValue ?? 0)
    bytes.append(tags?.rawValue ?? 0)
    bytes.append(nextID == nil ? 0 : 1)
    bytes.append(littleEndian: UInt64(count))
    bytes.append(littleEndian: nextID ?? 0)
    bytes.append(littleEndian: UInt32(centerCount))
    bytes += [IndexRecord.blocks, 0, 0, 0]
    return bytes + fingerprint
  }

  /// Reads a record; `refuse` makes an error of a reason and the byte of the section at which it arose.
  init(_ bytes: RawSpan, refuse: (String, Int) -> IndexError) throws(IndexError) {
    guard bytes.byteCount >= IndexRecord.byteCount else {
      throw refuse("\(bytes.byteCount) bytes, expected at least \(IndexRecord.byteCount)", 0)
    }
    let version = bytes.integer(at: 0, as: UInt32.self)
    guard version <= IndexRecord.version else {
      throw refuse(
        "index version \(version), this build knows \(IndexRecord.version); update turboquant", 0)
    }
    guard version >= 2 else {
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
    guard bytes.byte(at: 7) <= 1 else {
      throw refuse("flag \(bytes.byte(at: 7)), expected 0 or 1", 7)
    }
    guard let count = Int(exactly: bytes.integer(at: 8, as: UInt64.self)) else {
      throw refuse("more rows than fit", 8)
    }
    let hasNext = bytes.byte(at: 7) == 1
    let next = bytes.integer(at: 16, as: UInt64.self)
    guard hasNext || next == 0 else { throw refuse("a next id that its flag denies", 16) }
    self.metric = metric
    self.count = count
    originals = Originals(rawValue: kept)
    nextID = hasNext ? next : nil
    fingerprint = (32..<64).map { bytes.byte(at: $0) }
    if version == 2 {
      tags = nil
      centerCount = try IndexRecord.version2CenterCount(bytes, refuse)
    } else {
      (tags, centerCount) = try IndexRecord.tagsAndCenterCount(bytes, refuse)
    }
  }

  /// Reads what version 3 has at bytes 6, 24 and 28.
  private static func tagsAndCenterCount(
    _ bytes: RawSpan, _ refuse: (String, Int) -> IndexError
  ) throws(IndexError) -> (TagKind?, Int) {
    guard bytes.byteCount == byteCount else {
      throw refuse("\(bytes.byteCount) bytes, expected \(byteCount)", byteCount)
    }
    let tags = bytes.byte(at: 6)
    guard tags == 0 || TagKind(rawValue: tags) != nil else {
      throw refuse("tags of kind \(tags)", 6)
    }
    let centers = bytes.integer(at: 24, as: UInt32.self)
    guard centers <= 1 else { throw refuse("\(centers) centres, \(IndexSections.unread)", 24) }
    guard bytes.byte(at: 28) == blocks else {
      throw refuse("codes in the order \(bytes.byte(at: 28)), \(IndexSections.unread)", 28)
    }
    for i in 29..<32 where bytes.byte(at: i) != 0 { throw refuse("a reserved byte is not zero", i) }
    return (TagKind(rawValue: tags), Int(centers))
  }
}
