/// CRC-32C (Castagnoli) of `bytes`, continuing from `seed` (0 to begin).
///
/// A checksum has one right value, so an unusable `TQ_TARGET` falls back to the scalar table here;
/// whoever encodes or decodes is told about it by ``Kernels/chosen()``.
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
  checksumKernels.crc32c(bytes, seed: seed)
}

private let checksumKernels: Kernels = {
  let scalar = KernelTarget(name: "scalar", index: 0)
  return Kernels((try? KernelTarget.chosen.get()) ?? scalar)
}()
