// Where tokens were removed, as a snapshot says it.

internal import TurboQuantKernels

extension Positions {
  /// Section `removed`.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for gap in gaps {
      bytes.append(littleEndian: UInt64(gap.position))
      bytes.append(littleEndian: UInt64(gap.count))
    }
    return bytes
  }

  /// Reads section `removed` of a cache that holds `count` tokens; `refuse` makes an error of a reason and a byte offset.
  init(
    _ bytes: RawSpan, count: Int, _ refuse: (String, Int) -> KVCacheError
  ) throws(KVCacheError) {
    guard bytes.byteCount > 0, bytes.byteCount % 16 == 0 else {
      throw refuse("\(bytes.byteCount) bytes, expected some pairs of 16 bytes", 0)
    }
    var gaps: [Gap] = []
    for at in stride(from: 0, to: bytes.byteCount, by: 16) {
      let (first, removed) = (
        bytes.integer(at: at, as: UInt64.self), bytes.integer(at: at + 8, as: UInt64.self)
      )
      guard max(first, removed) <= 1 << 40 else {
        throw refuse("\(removed) tokens removed from \(first) on", at)
      }
      gaps.append(Gap(position: Int(first), count: Int(removed)))
    }
    guard let positions = Positions(gaps), let last = positions.gaps.last, last.token <= count
    else {
      throw refuse(
        "the pairs do not ascend with a token between them, or go beyond the \(count) that are left",
        0)
    }
    self = positions
  }
}
