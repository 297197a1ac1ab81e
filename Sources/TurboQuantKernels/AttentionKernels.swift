internal import CTurboQuantKernels

// What attention reads rows with; of its sums only whole numbers and exponentials are the same to the bit
// everywhere.

/// What rows are made of: floats, or the bits of IEEE binary16.
package protocol RowElement: BitwiseCopyable, Sendable {}

extension Float: RowElement {}
extension UInt16: RowElement {}

extension RowElement {
  fileprivate static var bits: UInt32 { UInt32(8 * MemoryLayout<Self>.size) }
}

extension Kernels {
  // MARK: Rows

  /// `sums[q * stride + r]` ← ⟨row r, query q⟩, rows and queries of `width` numbers one after another.
  package func rowProducts<Element: RowElement>(
    _ rows: Span<Element>, width: Int, queries: Span<Float>, into sums: inout MutableSpan<Float>,
    stride: Int
  ) {
    let (rowCount, queryCount) = (rows.count / width, queries.count / width)
    precondition(rows.count == rowCount * width && queries.count == queryCount * width)
    precondition(stride >= rowCount && sums.count >= (queryCount - 1) * stride + rowCount)
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe queries.withUnsafeBufferPointer { queries in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          unsafe table.pointee.attention.row_products(
            rows.baseAddress, Element.bits, width, rowCount, queries.baseAddress, queryCount,
            sums.baseAddress, stride)
        }
      }
    }
  }

  /// `sums[q * width + i]` += Σ `weights[q * stride + r]` · element i of row r, for all q that `sums` has
  /// room for.
  package func combineRows<Element: RowElement>(
    _ rows: Span<Element>, width: Int, weights: Span<Float>, stride: Int,
    into sums: inout MutableSpan<Float>
  ) {
    let (rowCount, queryCount) = (rows.count / width, sums.count / width)
    precondition(rows.count == rowCount * width && sums.count == queryCount * width)
    precondition(stride >= rowCount && weights.count >= (queryCount - 1) * stride + rowCount)
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          unsafe table.pointee.attention.combine_rows(
            rows.baseAddress, Element.bits, width, rowCount, weights.baseAddress, stride,
            queryCount, sums.baseAddress)
        }
      }
    }
  }

  /// `sums[range]` += Σ `weights[r]` · centroids of row r, rows `stride` bytes apart.
  package func combineCodes(
    _ codebook: KernelCodebook, rows: RawSpan, offset: Int, stride: Int, weights: Span<Float>,
    into sums: inout FloatBuffer, _ range: Range<Int>
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= sums.count)
    let byteCount = codebook.byteCount(of: range.count)
    precondition(
      weights.isEmpty
        || offset >= 0 && offset + (weights.count - 1) * stride + byteCount <= rows.byteCount)
    unsafe rows.withUnsafeBytes { bytes in
      unsafe weights.withUnsafeBufferPointer { weights in
        guard let base = weights.baseAddress, weights.count > 0 else { return }
        unsafe table.pointee.codec.combine_codes(
          codebook.pointer, bytes.bytes.map { unsafe $0 + offset }, stride, weights.count, base,
          range.count, sums.base + range.lowerBound)
      }
    }
  }

  // MARK: Softmax

  /// `values` ← exp(`values` − `shift`), values at most `shift`; returns their sum.
  package func exponentials(_ values: inout MutableSpan<Float>, shift: Float) -> Float {
    unsafe values.withUnsafeMutableBufferPointer {
      unsafe table.pointee.attention.exponentials($0.baseAddress, $0.count, shift, $0.baseAddress)
    }
  }

  /// The largest of `values`; −∞ for none.
  package func largest(_ values: Span<Float>) -> Float {
    unsafe values.withUnsafeBufferPointer {
      unsafe table.pointee.attention.largest($0.baseAddress, $0.count)
    }
  }

  /// `weights` · `scales` as whole numbers in two planes, the first and the second half of `planes`.
  ///
  /// - Returns: The step s and the sums of both planes: the numbers are s · (128 · first + second).
  package func splitWeights(
    _ weights: Span<Float>, scales: RawSpan, into planes: inout MutableSpan<Int8>
  ) -> (step: Float, high: Int, low: Int) {
    let count = weights.count
    precondition(count % 16 == 0 && scales.byteCount >= 4 * count && planes.count == 2 * count)
    let split = unsafe weights.withUnsafeBufferPointer { weights in
      unsafe scales.withUnsafeBytes { scales in
        unsafe planes.withUnsafeMutableBufferPointer { planes in
          unsafe table.pointee.attention.split_weights(
            weights.baseAddress, scales.baseAddress?.assumingMemoryBound(to: Float.self), count,
            planes.baseAddress, planes.baseAddress.map { unsafe $0 + count })
        }
      }
    }
    return (split.step, Int(split.high_sum), Int(split.low_sum))
  }

  /// `whole` ← `weights` · `scales` as whole numbers of at most ``QuadShape/largestWeight`` to either side of
  /// zero.
  ///
  /// - Returns: What one of them stands for.
  package func wholeWeights(
    _ weights: Span<Float>, scales: RawSpan, into whole: inout MutableSpan<Int16>
  ) -> Float {
    let count = weights.count
    precondition(count % 16 == 0 && scales.byteCount >= 4 * count && whole.count == count)
    return unsafe weights.withUnsafeBufferPointer { weights in
      unsafe scales.withUnsafeBytes { scales in
        unsafe whole.withUnsafeMutableBufferPointer { whole in
          unsafe table.pointee.attention.whole_weights(
            weights.baseAddress, scales.baseAddress?.assumingMemoryBound(to: Float.self), count,
            whole.baseAddress)
        }
      }
    }
  }
}
