/// The counter-based generator Philox4x32-10 (Salmon et al., SC 2011).
///
/// A block is a pure function of key and counter, so any part of a stream can be computed alone,
/// on any platform, with the same result.
enum Philox {
  /// The four words of one block after ten rounds.
  static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for round in 0..<10 {
      if round > 0 { k &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
      let p = UInt64(c.x) * 0xD251_1F53
      let q = UInt64(c.z) * 0xCD9E_8D57
      c = SIMD4(
        UInt32(truncatingIfNeeded: q >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: q),
        UInt32(truncatingIfNeeded: p >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p))
    }
    return c
  }
}
