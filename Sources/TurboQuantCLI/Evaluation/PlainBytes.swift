/// Bytes to be read for comparison with what reads as many codes.
struct PlainBytes {
  private let words: [SIMD8<UInt64>]

  init(count: Int) {
    words = [SIMD8<UInt64>](repeating: SIMD8(repeating: 1), count: (count + 63) / 64)
  }

  /// Reads every byte once.
  func read() {
    var (a, b, c, d) = (
      words.first ?? .zero, SIMD8<UInt64>.zero, SIMD8<UInt64>.zero, SIMD8<UInt64>.zero
    )
    let span = words.span
    var i = 0
    while i + 4 <= span.count {
      a ^= span[i]
      b ^= span[i + 1]
      c ^= span[i + 2]
      d ^= span[i + 3]
      i += 4
    }
    // Looked at, so that no read can be left out as useless.
    precondition((a ^ b ^ c ^ d)[0] != 2)
  }
}
