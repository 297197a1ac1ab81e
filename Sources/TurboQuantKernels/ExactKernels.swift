// Kernels for whoever has no codec. Each has one right answer, so an unusable `TQ_TARGET` falls back
// to the scalar table here; whoever encodes or decodes is told about it by `Kernels.chosen()`.

/// CRC-32C (Castagnoli) of `bytes`, continuing from `seed` (0 to begin).
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
  exactKernels.crc32c(bytes, seed: seed)
}

/// Converts IEEE binary16 bit patterns to float32 from `start` on, exactly in every flush-to-zero
/// mode.
package func widen(
  _ halves: Span<UInt16>, into floats: inout MutableSpan<Float>, at start: Int
) {
  exactKernels.widen(halves, into: &floats, at: start)
}

private let exactKernels: Kernels = {
  let scalar = KernelTarget(name: "scalar", index: 0)
  return Kernels((try? KernelTarget.chosen.get()) ?? scalar)
}()
