internal import CTurboQuantKernels

/// CRC-32C (Castagnoli) of `bytes`, continuing from `seed` (0 to begin).
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
  unsafe bytes.withUnsafeBytes { buffer in
    guard let base = buffer.baseAddress else { return seed }
    return unsafe ctq_crc32c(seed, base.assumingMemoryBound(to: UInt8.self), buffer.count)
  }
}
