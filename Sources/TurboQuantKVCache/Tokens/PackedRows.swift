/// Rows of codes, packed one after another.
struct PackedRows: Sendable {
  private(set) var bytes: [UInt8] = []
  /// One per row; empty if there are none.
  private(set) var scales: [Float] = []
  private(set) var signScales: [Float] = []

  init() {}

  init(bytes: [UInt8], scales: [Float], signScales: [Float]) {
    (self.bytes, self.scales, self.signScales) = (bytes, scales, signScales)
  }

  /// The number of rows.
  var count: Int { max(scales.count, signScales.count) }

  /// Appends rows `range`, the first `byteCount` bytes of each.
  mutating func append(_ rows: CodedRows, _ range: Range<Int>, byteCount: Int) {
    for row in range {
      bytes += rows.bytes[row * rows.stride..<row * rows.stride + byteCount]
    }
    if !rows.scales.isEmpty { scales += rows.scales[range] }
    if !rows.signScales.isEmpty { signScales += rows.signScales[range] }
  }

  mutating func truncate(to newCount: Int) {
    bytes.removeLast(bytes.count / count * (count - newCount))
    scales.removeLast(max(0, scales.count - newCount))
    signScales.removeLast(max(0, signScales.count - newCount))
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    scales.removeAll(keepingCapacity: true)
    signScales.removeAll(keepingCapacity: true)
  }
}

/// Rows that were just encoded, before they enter pages.
struct CodedRows: Sendable {
  /// Packed rows, `stride` bytes apart; codes and signs come first.
  let bytes: [UInt8]
  let stride: Int
  /// One per row; empty if there are none.
  let scales: [Float]
  let signScales: [Float]

  /// The number of rows.
  var count: Int { max(scales.count, signScales.count) }
}

extension CodedRows {
  /// Rows that were packed before.
  init(_ rows: PackedRows, _ codec: ChannelGroupCodec) {
    self.init(
      bytes: rows.bytes, stride: codec.codeByteCount, scales: rows.scales,
      signScales: rows.signScales)
  }
}
