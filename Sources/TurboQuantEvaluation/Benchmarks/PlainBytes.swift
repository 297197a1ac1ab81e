internal import TurboQuantKernels

/// Memory that is only read: the speed limit for any work that reads the same number of bytes.
package struct PlainBytes {
  private let words: [UInt64]

  package init(count: Int) { words = [UInt64](repeating: 1, count: (count + 7) / 8) }

  /// Reads every byte once.
  package func read() { PlainBytes.read(words.span.raw) }

  /// Reads every byte of `bytes` once, except a remainder of fewer than 256 bytes.
  package static func read(_ bytes: RawSpan) {
    var (a, b) = (SIMD8<UInt64>.zero, SIMD8<UInt64>.zero)
    var (c, d) = (a, b)
    var at = 0
    while at + 256 <= bytes.byteCount {
      a ^= bytes.words(at: at)
      b ^= bytes.words(at: at + 64)
      c ^= bytes.words(at: at + 128)
      d ^= bytes.words(at: at + 192)
      at += 256
    }
    // The result is used, so that the optimizer cannot drop the reads.
    precondition((a ^ b ^ c ^ d)[0] != 0x5EAD_0FF5_0DDB_17E5)
  }
}
