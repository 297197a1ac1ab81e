// What a snapshot's bytes belong to.

public import TurboQuant

extension KVCodec {
  /// Identifies all that gives a cache's bytes their meaning; a snapshot of another fingerprint is refused.
  ///
  /// - Complexity: A hash of one or two kilobytes.
  public var fingerprint: Fingerprint {
    var record = Array("swift-turboquant cache".utf8)
    record += configuration.record.utf8
    for codec in [keyCodec, valueCodec] {
      for group in codec?.channelGroups ?? [] { record += group.codec.fingerprint.bytes }
    }
    return Fingerprint(of: record)
  }
}
