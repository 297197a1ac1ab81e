internal import CTurboQuantKernels

/// The kernels of one target: spans in, spans out.
///
/// Every function checks the lengths it is given, once a call; `ctq_kernels.h` specifies what each
/// computes. Kernels that feed stored bytes must run inside ``withStandardFloatEnvironment(_:)``.
@safe package struct Kernels: Sendable {
  package let target: KernelTarget
  // The tables are constants of the C module, never written.
  nonisolated(unsafe) let table: UnsafePointer<ctq_target>

  package init(_ target: KernelTarget) {
    self.target = target
    unsafe table = ctq_target_at(target.index)
  }

  /// The kernels of the target in use.
  package static func chosen() throws(KernelTargetError) -> Kernels {
    Kernels(try KernelTarget.chosen.get())
  }

  /// The length of a vector as ``normalize(_:into:)`` found it.
  package enum Length: Sendable, Equatable {
    /// `norm` is ‖x‖ as float32; `inverse` is 1/‖scaled x‖, or 0 for the zero vector.
    case finite(norm: Float, inverse: Float)
    /// A coordinate is NaN or infinite.
    case notFinite
    /// Every coordinate is finite, but ‖x‖ is beyond the largest float32.
    case overflow(inverse: Float)
  }

  /// Scales `x` by an exact power of two so that its largest magnitude lies in [1, 2).
  package func normalize(_ x: Span<Float>, into scaled: inout FloatBuffer) -> Length {
    precondition(x.count <= scaled.count)
    let length = unsafe x.withUnsafeBufferPointer {
      unsafe table.pointee.codec.normalize($0.baseAddress, $0.count, scaled.base)
    }
    switch length.status {
    case Int32(CTQ_NORM_NOT_FINITE): return .notFinite
    case Int32(CTQ_NORM_OVERFLOW): return .overflow(inverse: length.inverse)
    default: return .finite(norm: length.norm, inverse: length.inverse)
    }
  }

  /// Applies a randomized Hadamard rotation in place.
  package func mix(_ mixing: Mixing, _ x: inout FloatBuffer) {
    precondition(mixing.dimension <= x.count)
    unsafe table.pointee.codec.rotate(mixing.pointer, x.base)
  }

  /// Applies the transpose of a randomized Hadamard rotation in place.
  package func unmix(_ mixing: Mixing, _ x: inout FloatBuffer) {
    precondition(mixing.dimension <= x.count)
    unsafe table.pointee.codec.rotate_transposed(mixing.pointer, x.base)
  }

  /// `y` ← M `x`, M of `rowCount` rows stored column by column.
  package func multiply(
    columns: Span<Float>, rowCount: Int, _ x: borrowing FloatBuffer, into y: inout FloatBuffer
  ) {
    let columnCount = rowCount == 0 ? 0 : columns.count / rowCount
    precondition(columnCount <= x.count && rowCount <= y.count)
    unsafe columns.withUnsafeBufferPointer {
      unsafe table.pointee.codec.multiply($0.baseAddress, rowCount, columnCount, x.base, y.base)
    }
  }

  /// `x` ← Mᵀ `y`, M of `rowCount` rows stored column by column.
  package func multiplyTransposed(
    columns: Span<Float>, rowCount: Int, _ y: borrowing FloatBuffer, into x: inout FloatBuffer
  ) {
    let columnCount = rowCount == 0 ? 0 : columns.count / rowCount
    precondition(columnCount <= x.count && rowCount <= y.count)
    unsafe columns.withUnsafeBufferPointer {
      unsafe table.pointee.codec.multiply_transposed(
        $0.baseAddress, rowCount, columnCount, y.base, x.base)
    }
  }

  /// Packs the codes of u = `scale` · `y[range]` into `codes` from byte `offset` on; returns
  /// ⟨u, centroids(u)⟩ and leaves u − centroids(u) in the same range of `residual`.
  package func quantize(
    _ codebook: KernelCodebook, _ y: borrowing FloatBuffer, _ range: Range<Int>, scale: Float,
    codes: inout MutableSpan<UInt8>, at offset: Int, residual: inout FloatBuffer
  ) -> Float {
    precondition(range.upperBound <= residual.count)
    return unsafe quantize(
      codebook, y, range, scale: scale, codes: &codes, at: offset,
      residual: residual.base + range.lowerBound)
  }

  /// Packs the codes of u = `scale` · `y[range]` into `codes` from byte `offset` on; returns
  /// ⟨u, centroids(u)⟩.
  package func quantize(
    _ codebook: KernelCodebook, _ y: borrowing FloatBuffer, _ range: Range<Int>, scale: Float,
    codes: inout MutableSpan<UInt8>, at offset: Int
  ) -> Float {
    unsafe quantize(
      codebook, y, range, scale: scale, codes: &codes, at: offset, residual: nil)
  }

  private func quantize(
    _ codebook: KernelCodebook, _ y: borrowing FloatBuffer, _ range: Range<Int>, scale: Float,
    codes: inout MutableSpan<UInt8>, at offset: Int, residual: UnsafeMutablePointer<Float>?
  ) -> Float {
    precondition(range.lowerBound >= 0 && range.upperBound <= y.count)
    precondition(offset >= 0 && offset + codebook.byteCount(of: range.count) <= codes.count)
    return unsafe codes.withUnsafeMutableBufferPointer {
      unsafe table.pointee.codec.quantize(
        codebook.pointer, y.base + range.lowerBound, range.count, scale,
        $0.baseAddress.map { unsafe $0 + offset }, residual)
    }
  }

  /// `y[range]` ← the centroids of the codes packed from byte `offset` on.
  package func dequantize(
    _ codebook: KernelCodebook, _ codes: RawSpan, at offset: Int, into y: inout FloatBuffer,
    _ range: Range<Int>
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= y.count)
    precondition(offset >= 0 && offset + codebook.byteCount(of: range.count) <= codes.byteCount)
    unsafe codes.withUnsafeBytes {
      unsafe table.pointee.codec.dequantize(
        codebook.pointer, $0.bytes.map { unsafe $0 + offset }, range.count,
        y.base + range.lowerBound)
    }
  }

  /// `sums[r]` ← ⟨centroids of row r, query[range]⟩, rows `stride` bytes apart.
  package func codeProducts(
    _ codebook: KernelCodebook, rows: RawSpan, offset: Int, stride: Int,
    query: Span<Float>, _ range: Range<Int>, into sums: inout MutableSpan<Float>
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= query.count)
    let byteCount = codebook.byteCount(of: range.count)
    precondition(
      sums.isEmpty
        || offset >= 0 && offset + (sums.count - 1) * stride + byteCount <= rows.byteCount)
    unsafe rows.withUnsafeBytes { bytes in
      unsafe query.withUnsafeBufferPointer { query in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          guard let base = query.baseAddress, sums.count > 0 else { return }
          unsafe table.pointee.codec.code_products(
            codebook.pointer, bytes.bytes.map { unsafe $0 + offset }, stride, sums.count,
            base + range.lowerBound, range.count, sums.baseAddress)
        }
      }
    }
  }

  /// The largest magnitude of `values`, 0 for none; infinite or NaN where one of them is.
  package func largestMagnitude(_ values: Span<Float>) -> Float {
    Float(
      bitPattern: unsafe values.withUnsafeBufferPointer {
        unsafe table.pointee.codec.largest_magnitude($0.baseAddress, $0.count)
      })
  }

  /// The sum of squares of the first `count` elements, in the order that all targets share.
  package func sumOfSquares(_ x: borrowing FloatBuffer, count: Int) -> Float {
    precondition(count <= x.count)
    return unsafe table.pointee.codec.sum_of_squares(x.base, count)
  }

  /// Packs the signs of the first `count` elements, one bit each, set where the element is ≥ 0.
  package func packSigns(
    _ x: borrowing FloatBuffer, count: Int, into bits: inout MutableSpan<UInt8>, at offset: Int
  ) {
    precondition(count <= x.count && offset >= 0 && offset + (count + 7) / 8 <= bits.count)
    unsafe bits.withUnsafeMutableBufferPointer {
      unsafe table.pointee.codec.pack_signs(
        x.base, count, $0.baseAddress.map { unsafe $0 + offset })
    }
  }

  /// `sums[r]` ← Σ ±query[i], the signs taken from row r, rows `stride` bytes apart.
  package func signProducts(
    rows: RawSpan, offset: Int, stride: Int, query: Span<Float>,
    into sums: inout MutableSpan<Float>
  ) {
    let byteCount = (query.count + 7) / 8
    precondition(
      sums.isEmpty
        || offset >= 0 && offset + (sums.count - 1) * stride + byteCount <= rows.byteCount)
    unsafe rows.withUnsafeBytes { bytes in
      unsafe query.withUnsafeBufferPointer { query in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          guard sums.count > 0 else { return }
          unsafe table.pointee.codec.sign_products(
            bytes.bytes.map { unsafe $0 + offset }, stride, sums.count, query.baseAddress,
            query.count, sums.baseAddress)
        }
      }
    }
  }

  /// Converts IEEE binary16 bit patterns to float32 from `start` on, exactly.
  package func widen(
    _ halves: Span<UInt16>, into floats: inout MutableSpan<Float>, at start: Int = 0
  ) {
    precondition(start >= 0 && start <= floats.count - halves.count)
    unsafe halves.withUnsafeBufferPointer { halves in
      unsafe floats.withUnsafeMutableBufferPointer { floats in
        unsafe table.pointee.bytes.widen(
          halves.baseAddress, halves.count, floats.baseAddress.map { unsafe $0 + start })
      }
    }
  }

  #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    /// Converts `halves` to float32, exactly.
    package func widen(_ halves: Span<Float16>, into floats: inout MutableSpan<Float>) {
      unsafe halves.withUnsafeBufferPointer { buffer in
        unsafe buffer.withMemoryRebound(to: UInt16.self) {
          unsafe widen($0.span, into: &floats)
        }
      }
    }
  #endif

  /// The IEEE binary16 bit patterns nearest to `floats`, each as ``halfPrecision(_:)`` has it.
  package func halves(of floats: Span<Float>) -> [UInt16] {
    // Empty arrays share storage; writing its count would be a race.
    guard !floats.isEmpty else { return [] }
    return unsafe [UInt16](unsafeUninitializedCapacity: floats.count) { halves, count in
      unsafe floats.withUnsafeBufferPointer { floats in
        unsafe table.pointee.bytes.narrow(floats.baseAddress, floats.count, halves.baseAddress)
      }
      count = floats.count
    }
  }

  /// Writes the IEEE binary16 bit patterns nearest to `floats` from byte `offset` on.
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
