internal import CTurboQuantKernels

// The kernels of attention. Sums of whole numbers and exponentials are the same to the bit on all targets;
// other sums may differ in their last bits.

/// An element of a row: a float, or the bits of a float16.
package protocol RowElement: BitwiseCopyable, Sendable {}

extension Float: RowElement {}
extension UInt16: RowElement {}

extension RowElement {
  fileprivate static var bits: UInt32 { UInt32(8 * MemoryLayout<Self>.size) }
}

extension Kernels {
  // MARK: Rows

  /// `sums[q * stride + r]` ← ⟨row r, query q⟩.
  ///
  /// Rows and queries have `width` numbers and are contiguous.
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

  /// `sums[q * width + i]` += Σ `weights[q * stride + r]` · element i of row r, for all q for which `sums`
  /// has room.
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

  /// `sums[range]` += Σ `weights[r]` · centroids of row r.
  ///
  /// Rows begin `stride` bytes apart.
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

  // MARK: Codes in quads

  private func check(
    _ codes: RawSpan, _ offset: Int, _ shape: QuadShape, _ groups: Int, _ queryCount: Int,
    _ sumCount: Int, _ stride: Int
  ) {
    let rowCount = groups * QuadShape.rowCount
    precondition(groups > 0 && offset >= 0 && queryCount > 0)
    precondition(offset + groups * shape.groupByteCount <= codes.byteCount)
    precondition(stride >= rowCount && sumCount >= (queryCount - 1) * stride + rowCount)
  }

  /// Codes of one to four bits: `sums[q * stride + row]` ← Σ centroid · weight over the codes of a row, for
  /// `groups` groups of 16 rows from `offset` on.
  ///
  /// `weights` has ``QuadShape/dimension`` weights per query. `next` is what will be read next; it is
  /// prefetched.
  package func attendInt8(
    _ codes: RawSpan, at offset: Int, _ shape: QuadShape, groups: Int, centroids: SIMD16<UInt8>,
    weights: Span<Int8>, next: RawSpan, into sums: inout MutableSpan<Float>, stride: Int
  ) {
    precondition(shape.bits <= 4)
    let queryCount = weights.count / shape.dimension
    check(codes, offset, shape, groups, queryCount, sums.count, stride)
    unsafe codes.withUnsafeBytes { codes in
      unsafe withUnsafeBytes(of: centroids) { centroids in
        unsafe weights.withUnsafeBufferPointer { weights in
          unsafe sums.withUnsafeMutableBufferPointer { sums in
            unsafe next.withUnsafeBytes { next in
              unsafe table.pointee.attention.attend_i8(
                codes.bytes(at: offset), UInt32(shape.bits), groups, shape.dimension / 4,
                centroids.bytes(at: 0), weights.baseAddress, queryCount,
                next.bytes(at: 0), sums.baseAddress, stride)
            }
          }
        }
      }
    }
  }

  /// The same for codes of 5 to 8 bits.
  ///
  /// Centroids are ± magnitudes of at most ``QuadShape/largestMagnitude``; weights are at most
  /// ``QuadShape/largestWeight``.
  package func attendInt16(
    _ codes: RawSpan, at offset: Int, _ shape: QuadShape, groups: Int, magnitudes: Span<UInt16>,
    weights: Span<Int16>, next: RawSpan, into sums: inout MutableSpan<Float>, stride: Int
  ) {
    precondition(shape.bits >= 5 && magnitudes.count == 1 << (shape.bits - 1))
    let queryCount = weights.count / shape.dimension
    check(codes, offset, shape, groups, queryCount, sums.count, stride)
    unsafe codes.withUnsafeBytes { codes in
      unsafe magnitudes.withUnsafeBufferPointer { magnitudes in
        unsafe weights.withUnsafeBufferPointer { weights in
          unsafe sums.withUnsafeMutableBufferPointer { sums in
            unsafe next.withUnsafeBytes { next in
              unsafe table.pointee.attention.attend_i16(
                codes.bytes(at: offset), UInt32(shape.bits), groups, shape.dimension / 4,
                magnitudes.baseAddress, weights.baseAddress, queryCount, next.bytes(at: 0),
                sums.baseAddress, stride)
            }
          }
        }
      }
    }
  }

  // MARK: Softmax

  /// `values` ← exp(`values` − `shift`); no value is above `shift`.
  ///
  /// Returns their sum.
  package func exponentials(_ values: inout MutableSpan<Float>, shift: Float) -> Float {
    unsafe values.withUnsafeMutableBufferPointer {
      unsafe table.pointee.attention.exponentials($0.baseAddress, $0.count, shift, $0.baseAddress)
    }
  }

  /// The largest of `values`, or −∞ if there are none.
  package func largest(_ values: Span<Float>) -> Float {
    unsafe values.withUnsafeBufferPointer {
      unsafe table.pointee.attention.largest($0.baseAddress, $0.count)
    }
  }

  /// Rounds `weights` · `scales` to whole numbers in two planes, the first and the second half of `planes`.
  ///
  /// - Returns: The step and the sums of both planes. A number is step · (128 · first + second).
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

  /// Rounds `weights` · `scales` to whole numbers of at most ``QuadShape/largestWeight`` in magnitude.
  ///
  /// - Returns: The step. A number is step · whole.
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
