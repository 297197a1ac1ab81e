internal import TurboQuant
internal import TurboQuantKernels

/// The memory of a cache, in bytes.
public struct KVMemory: Sendable, Hashable {
  /// Stored keys between sinks and window.
  public let keyBytes: Int
  /// Stored values between sinks and window.
  public let valueBytes: Int
  /// Exact keys and values: sinks, window, and what waits for a centre.
  public let exactBytes: Int
  /// What centring subtracts: two float32 vectors per head, one for keys and one for values.
  public let centerBytes: Int
  /// Which channels are outliers: two bytes per channel and head, for keys and for values.
  public let channelBytes: Int

  /// All of it.
  public var total: Int { keyBytes + valueBytes + exactBytes + centerBytes + channelBytes }
}

extension KVCache {
  /// What this cache keeps, shared with forks or not; unused space in the last pages is not counted.
  public var memory: KVMemory {
    KVMemory(
      keyBytes: heads.reduce(0) { $0 + $1.keys.stored.count * $1.keys.stored.rowByteCount },
      valueBytes: heads.reduce(0) { $0 + $1.values.stored.count * $1.values.stored.rowByteCount },
      exactBytes: heads.reduce(0) {
        $0 + $1.keys.sinks.byteCount + $1.keys.window.byteCount
          + $1.values.sinks.byteCount + $1.values.window.byteCount
      },
      centerBytes: heads.reduce(0) { $0 + 4 * ($1.keys.center.count + $1.values.center.count) },
      channelBytes: heads.reduce(0) {
        $0 + 2 * ($1.keys.channels.count + $1.values.channels.count)
      })
  }
}

extension KVCache {
  /// Calls `body` with the memory of every page, head by head, in the order in which attention reads them.
  package func forEachPage(_ body: (RawSpan) -> Void) {
    for head in heads {
      for page in 0..<max(head.keys.stored.pageCount, head.values.stored.pageCount) {
        head.keys.stored.withPage(page, body)
        head.values.stored.withPage(page, body)
      }
    }
  }
}
