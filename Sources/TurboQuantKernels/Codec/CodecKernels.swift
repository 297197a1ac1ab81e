internal import CTurboQuantKernels

// The codec's kernels: lengths, rotations, packed codes, and signs.

extension Kernels {
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
  package func rotate(_ rotation: HadamardRotation, _ x: inout FloatBuffer) {
    precondition(rotation.dimension <= x.count)
    unsafe table.pointee.codec.rotate(rotation.pointer, x.base)
  }

  /// Applies the transpose of a randomized Hadamard rotation in place.
  package func rotateTransposed(_ rotation: HadamardRotation, _ x: inout FloatBuffer) {
    precondition(rotation.dimension <= x.count)
    unsafe table.pointee.codec.rotate_transposed(rotation.pointer, x.base)
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

  /// Packs the codes of u = `scale` · `y[range]` into `codes` from byte `offset` on.
  ///
  /// Writes u − centroids(u) into the same range of `residual`. Returns ⟨u, centroids(u)⟩.
  package func quantize(
    _ codebook: KernelCodebook, _ y: borrowing FloatBuffer, _ range: Range<Int>, scale: Float,
    codes: inout MutableSpan<UInt8>, at offset: Int, residual: inout FloatBuffer
  ) -> Float {
    precondition(range.upperBound <= residual.count)
    return unsafe quantize(
      codebook, y, range, scale: scale, codes: &codes, at: offset,
      residual: residual.base + range.lowerBound)
  }

  /// Packs the codes of u = `scale` · `y[range]` into `codes` from byte `offset` on.
  ///
  /// Returns ⟨u, centroids(u)⟩.
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

  /// `sums[r]` ← ⟨centroids of row r, query[range]⟩.
  ///
  /// Rows begin `stride` bytes apart.
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

  /// The largest magnitude of `values`, or 0 if there are none.
  ///
  /// Infinite or NaN if one of them is.
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

  /// Packs the signs of the first `count` elements, one bit each.
  ///
  /// A bit is set if its element is ≥ 0.
  package func packSigns(
    _ x: borrowing FloatBuffer, count: Int, into bits: inout MutableSpan<UInt8>, at offset: Int
  ) {
    precondition(count <= x.count && offset >= 0 && offset + (count + 7) / 8 <= bits.count)
    unsafe bits.withUnsafeMutableBufferPointer {
      unsafe table.pointee.codec.pack_signs(
        x.base, count, $0.baseAddress.map { unsafe $0 + offset })
    }
  }

  /// `sums[r]` ← Σ ±query[i] with the signs of row r.
  ///
  /// Rows begin `stride` bytes apart.
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
}
