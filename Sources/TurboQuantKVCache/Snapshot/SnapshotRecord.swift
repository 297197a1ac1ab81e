internal import TurboQuantKernels

/// What a snapshot says about itself; Documentation/FileFormat.md has the tables.
enum SnapshotRecord {
  static let kind = "KVCH"
  /// 2: full pages of codes of 5 to 8 bits are quads too.
  static let version: UInt32 = 2
  static let configuration = "configuration"
  static let tokens = "tokens"
  static let exact = "exact"
  static let centers = "centres"
  static let pages = "pages"

  /// How many tokens lie where.
  struct Tokens: Equatable {
    var sinks: Int
    var stored: Int
    var window: Int
    var forgotten: Int
    /// Whether keys have a centre, values one, keys an order of their channels, values one.
    var flags: [Bool]

    static let byteCount = 40

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(littleEndian: SnapshotRecord.version)
      for flag in flags { bytes.append(flag ? 1 : 0) }
      for count in [sinks, stored, window, forgotten] { bytes.append(littleEndian: UInt64(count)) }
      return bytes
    }

    /// Reads the section; `refuse` makes an error of a reason and a byte offset.
    init(_ bytes: RawSpan, refuse: (String, Int) -> KVCacheError) throws(KVCacheError) {
      guard bytes.byteCount == Self.byteCount else {
        throw refuse("\(bytes.byteCount) bytes, expected \(Self.byteCount)", 0)
      }
      let version = bytes.integer(at: 0, as: UInt32.self)
      guard version <= SnapshotRecord.version else {
        throw refuse("snapshot version \(version), this build knows 2; update turboquant", 0)
      }
      guard version == SnapshotRecord.version else {
        throw refuse("snapshot version \(version), this build knows 2; fill the cache anew", 0)
      }
      for flag in 4...7 where bytes.byte(at: flag) > 1 {
        throw refuse("flag \(bytes.byte(at: flag)), expected 0 or 1", flag)
      }
      flags = (4...7).map { bytes.byte(at: $0) == 1 }
      var counts: [Int] = []
      for at in [8, 16, 24, 32] {
        let count = bytes.integer(at: at, as: UInt64.self)
        guard count <= 1 << 40 else { throw refuse("\(count) tokens", at) }
        counts.append(Int(count))
      }
      (sinks, stored, window, forgotten) = (counts[0], counts[1], counts[2], counts[3])
    }

    /// What all heads have in common with `head`.
    init(_ head: KVCache.Head) {
      let keys = head.keys
      (sinks, stored, window) = (keys.sinkCount, keys.stored.count, keys.windowCount)
      forgotten = keys.forgotten
      flags = [
        !keys.center.isEmpty, !head.values.center.isEmpty, !keys.channels.isEmpty,
        !head.values.channels.isEmpty,
      ]
    }
  }
}
