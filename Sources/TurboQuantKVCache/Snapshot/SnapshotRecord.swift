internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

/// What a snapshot says about itself; Documentation/FileFormat.md has the tables.
enum SnapshotRecord {
  static let kind = "KVCH"
  /// The version that is written; 2 is read too.
  ///
  /// 2: full pages of codes of 5 to 8 bits are quads too. 3: a fingerprint, and room for what is planned.
  static let version: UInt32 = 3
  static let configuration = "configuration"
  static let tokens = "tokens"
  static let exact = "exact"
  static let centers = "centres"
  static let pages = "pages"
  /// Every section that is written, in order.
  static let sections = [configuration, tokens, exact, centers, pages]
  /// Where tokens were removed from the front or the middle; only written if some were.
  static let removed = "removed"

  /// How many tokens lie where.
  struct Tokens: Equatable {
    var version = SnapshotRecord.version
    var sinks: Int
    var stored: Int
    var window: Int
    var forgotten: Int
    /// Whether keys have a centre, values one, keys an order of their channels, values one.
    var flags: [Bool]
    /// The format of exact tokens; float16 where there cannot be any.
    var format = ExactFormat.float16
    /// After how many tokens beyond the sinks centre and outlier channels are fixed, if some wait for that.
    var awaited: Int?
    /// The 32 bytes of ``KVCodec/fingerprint``; empty in version 2.
    var fingerprint: [UInt8]
    /// The 32 bytes of ``KVEqualization/fingerprint``, zeros if there is none; empty in version 2.
    var equalization: [UInt8]

    /// All tokens that are left.
    var count: Int { sinks + beyondSinks }
    var beyondSinks: Int { forgotten + stored + window }

    /// Where the fingerprint begins; that of the equalization follows.
    static let fingerprintOffset = 64

    static func byteCount(version: UInt32) -> Int { version == 2 ? 40 : 128 }

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(littleEndian: version)
      for flag in flags { bytes.append(flag ? 1 : 0) }
      for count in [sinks, stored, window, forgotten] { bytes.append(littleEndian: UInt64(count)) }
      bytes += SnapshotExtensions.bytes(format, awaited)
      return bytes + fingerprint + equalization
    }

    /// Reads the section; `refuse` makes an error of a reason and a byte offset.
    init(_ bytes: RawSpan, refuse: (String, Int) -> KVCacheError) throws(KVCacheError) {
      guard bytes.byteCount >= 4 else { throw refuse("\(bytes.byteCount) bytes", 0) }
      version = bytes.integer(at: 0, as: UInt32.self)
      guard version <= SnapshotRecord.version else {
        throw refuse("snapshot version \(version), this build knows 2 and 3; update turboquant", 0)
      }
      guard version >= 2 else {
        throw refuse(
          "snapshot version \(version), this build knows 2 and 3; fill the cache anew", 0)
      }
      let expected = Self.byteCount(version: version)
      guard bytes.byteCount == expected else {
        throw refuse("\(bytes.byteCount) bytes, expected \(expected)", 0)
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
      (fingerprint, equalization) = ([], [])
      guard version > 2 else { return }
      (format, awaited) = try SnapshotExtensions.read(bytes, refuse)
      let start = Self.fingerprintOffset
      fingerprint = bytes.byteArray(start..<start + 32)
      equalization = bytes.byteArray(start + 32..<start + 64)
    }

    /// What all heads have in common.
    init(_ cache: KVCache) {
      let (head, keys, configuration) = (
        cache.heads[0], cache.heads[0].keys, cache.codec.configuration
      )
      (sinks, stored, window) = (keys.sinkCount, keys.stored.count, keys.windowCount)
      forgotten = keys.forgotten
      flags = [
        !keys.center.isEmpty, !head.values.center.isEmpty, !keys.channels.isEmpty,
        !head.values.channels.isEmpty,
      ]
      let isWaiting = cache.awaitsTokens && keys.windowCount > 0
      if isWaiting { awaited = cache.centerTokens }
      if isWaiting || configuration.mayKeepExactTokens { format = keys.window.format }
      fingerprint = cache.codec.fingerprint.bytes
      equalization = configuration.equalizationRecord
    }
  }
}
