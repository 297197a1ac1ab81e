internal import CTurboQuantKernels

// The kernels of bytes: float16 and checksums.

extension Kernels {
  /// Converts the bits of float16s to float32 from `start` on, exactly.
  package func widen(
    _ float16s: Span<UInt16>, into floats: inout MutableSpan<Float>, at start: Int = 0
  ) {
    precondition(start >= 0 && start <= floats.count - float16s.count)
    unsafe float16s.withUnsafeBufferPointer { float16s in
      unsafe floats.withUnsafeMutableBufferPointer { floats in
        unsafe table.pointee.bytes.widen(
          float16s.baseAddress, float16s.count, floats.baseAddress.map { unsafe $0 + start })
      }
    }
  }

  #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    /// Converts `float16s` to float32, exactly.
    package func widen(_ float16s: Span<Float16>, into floats: inout MutableSpan<Float>) {
      unsafe float16s.withUnsafeBufferPointer { buffer in
        unsafe buffer.withMemoryRebound(to: UInt16.self) {
          unsafe widen($0.span, into: &floats)
        }
      }
    }
  #endif

  /// The bits of the float16s nearest to `floats`, as ``float16Bits(_:)`` rounds.
  package func float16s(of floats: Span<Float>) -> [UInt16] {
    // Empty arrays share storage; writing its count would be a race.
    guard !floats.isEmpty else { return [] }
    return unsafe [UInt16](unsafeUninitializedCapacity: floats.count) { float16s, count in
      unsafe floats.withUnsafeBufferPointer { floats in
        unsafe table.pointee.bytes.narrow(floats.baseAddress, floats.count, float16s.baseAddress)
      }
      count = floats.count
    }
  }

  /// Writes the bits of the float16s nearest to `floats` from byte `offset` on.
  package func narrow(
    _ floats: Span<Float>, into bytes: inout MutableRawSpan, at offset: Int
  ) {
    precondition(offset >= 0 && offset % 2 == 0 && offset <= bytes.byteCount - 2 * floats.count)
    unsafe floats.withUnsafeBufferPointer { floats in
      unsafe bytes.withUnsafeMutableBytes {
        let start = unsafe $0.baseAddress?.advanced(by: offset)
        unsafe table.pointee.bytes.narrow(
          floats.baseAddress, floats.count, start?.assumingMemoryBound(to: UInt16.self))
      }
    }
  }

  /// CRC-32C (Castagnoli) of `bytes`, continuing from `seed` (0 to begin).
  package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
    unsafe bytes.withUnsafeBytes {
      unsafe table.pointee.bytes.crc32c(seed, $0.bytes, $0.count)
    }
  }
}

/// The bits of the float16 nearest to `value`, ties to even.
///
/// Beyond the range it is the largest finite one, because what is stored must stay finite.
///
/// As bits, because not every platform has the type `Float16`.
package func float16Bits(_ value: Float) -> UInt16 { ctq_float16_of(value) }

// MARK: Without a codec

// Kernels for callers without a codec. All targets give the same result, so these fall back to the scalar target if
// `TQ_TARGET` is unusable. Encoding and decoding report that through `Kernels.chosen()`.

/// CRC-32C (Castagnoli) of `bytes`, continuing from `seed` (0 to begin).
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
  exactKernels.crc32c(bytes, seed: seed)
}

/// Converts the bits of float16s to float32 from `start` on, exactly in every flush-to-zero mode.
package func widen(
  _ float16s: Span<UInt16>, into floats: inout MutableSpan<Float>, at start: Int
) {
  exactKernels.widen(float16s, into: &floats, at: start)
}

private let exactKernels: Kernels = {
  let scalar = KernelTarget(name: "scalar", index: 0)
  return Kernels((try? KernelTarget.chosen.get()) ?? scalar)
}()
