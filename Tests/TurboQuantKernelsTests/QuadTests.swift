import Testing

@testable import TurboQuantKernels

/// Codes in quads, and what attention reads rows with, against plain models.
@Suite struct QuadTests {
  static let shapes = shapes(bits: 1...8)
  static let narrow = shapes(bits: 1...4)
  static let wide = shapes(bits: 5...8)

  private static func shapes(bits: ClosedRange<Int>) -> [(steps: Int, bits: Int)] {
    bits.flatMap { bits in [1, 2, 3, 7, 8].map { ($0, bits) } }
  }

  /// Random packed rows of `count` codes, `stride` bytes apart from byte 1 on.
  private struct Rows {
    let bits, stride: Int
    let bytes: [UInt8]

    init(_ rowCount: Int, codes count: Int, bits: Int, seed: UInt64) {
      self.bits = bits
      stride = (count * bits + 7) / 8 + 3
      bytes = TestFloats.bytes(1 + rowCount * stride, seed: seed)
    }

    func code(_ row: Int, _ i: Int) -> Int {
      (0..<bits).reduce(0) { code, k in
        let at = i * bits + k
        return code | Int(bytes[1 + row * stride + at / 8] >> (at % 8) & 1) << k
      }
    }
  }

  @Test(arguments: shapes) func rowsGoInAndComeOut(steps: Int, bits: Int) {
    let shape = QuadShape(dimension: steps * QuadShape.coordinateMultiple(bits: bits), bits: bits)
    let rows = Rows(16, codes: shape.dimension, bits: bits, seed: 1)
    var group = AlignedBytes(byteCount: 5 + shape.groupByteCount)
    var target = group.mutableBytes
    shape.fill(rows.bytes.span.raw, at: 1, stride: rows.stride, into: &target, at: 5)
    for row in 0..<16 {
      for i in 0..<shape.dimension {
        #expect(Int(shape.code(group.bytes, at: 5, row: row, i)) == rows.code(row, i))
      }
    }
  }

  @Test(arguments: shapes) func rowsAreTransposed(steps: Int, bits: Int) {
    let shape = QuadShape(dimension: steps * QuadShape.coordinateMultiple(bits: bits), bits: bits)
    let rows = Rows(shape.dimension, codes: 48, bits: bits, seed: 2)
    var groups = AlignedBytes(byteCount: 3 * shape.groupByteCount)
    var target = groups.mutableBytes
    // A few steps and then the others.
    let some = steps / 3 * QuadShape.coordinateMultiple(bits: bits)
    for places in [0..<some, some..<shape.dimension] where !places.isEmpty {
      shape.fillTransposed(
        rows.bytes.span.raw, at: 1 + places.lowerBound * rows.stride, stride: rows.stride,
        groups: 3, into: &target, at: 0, places)
    }
    for row in 0..<48 {
      for i in 0..<shape.dimension {
        #expect(Int(shape.code(groups.bytes, at: 0, row: row, i)) == rows.code(i, row))
      }
    }
  }

  /// Whole numbers: exact on every target.
  @Test(arguments: KernelTarget.available, narrow)
  func sums(_ target: KernelTarget, _ size: (steps: Int, bits: Int)) {
    let shape = QuadShape(
      dimension: size.steps * QuadShape.coordinateMultiple(bits: size.bits), bits: size.bits)
    let codes = TestFloats.bytes(7 + 2 * shape.groupByteCount, seed: 3)
    let centroids = TestFloats.bytes(16, seed: 4).map { $0 & 127 }
    for queryCount in [1, 2, 5, 8, 9] {
      let weights = TestFloats.bytes(queryCount * shape.dimension, seed: 5).map {
        Int8(Int($0 % 129) - 64)
      }
      var sums = [Float](repeating: .nan, count: queryCount * 33)
      var output = sums.mutableSpan
      Kernels(target).attendInt8(
        codes.span.raw, at: 7, shape, groups: 2, centroids: SIMD16(centroids),
        weights: weights.span,
        next: codes.span.raw, into: &output, stride: 33)
      for query in 0..<queryCount {
        for row in 0..<32 {
          let expected = (0..<shape.dimension).reduce(0) { sum, i in
            let code = shape.code(codes.span.raw, at: 7, row: row, i)
            return sum + Int(centroids[Int(code)]) * Int(weights[query * shape.dimension + i])
          }
          #expect(sums[query * 33 + row] == Float(expected))
        }
      }
    }
  }

  /// Whole numbers again; of more than 256 coordinates, of which there are none here, sums would be rounded.
  @Test(arguments: KernelTarget.available, wide)
  func attendInt16(_ target: KernelTarget, _ size: (steps: Int, bits: Int)) {
    let shape = QuadShape(
      dimension: size.steps * QuadShape.coordinateMultiple(bits: size.bits), bits: size.bits)
    let codes = TestFloats.bytes(7 + 2 * shape.groupByteCount, seed: 12)
    let half = 1 << (size.bits - 1)
    let magnitudes = TestFloats.bytes(2 * half, seed: 13).pairs.map { UInt16($0 & 2047) }
    for queryCount in [1, 2, 5, 8, 9] {
      let weights = TestFloats.bytes(2 * queryCount * shape.dimension, seed: 14).pairs.map {
        Int16($0 % 8191 - 4095)
      }
      var sums = [Float](repeating: .nan, count: queryCount * 33)
      var output = sums.mutableSpan
      Kernels(target).attendInt16(
        codes.span.raw, at: 7, shape, groups: 2, magnitudes: magnitudes.span,
        weights: weights.span, next: codes.span.raw, into: &output, stride: 33)
      for query in 0..<queryCount {
        for row in 0..<32 {
          let expected = (0..<shape.dimension).reduce(0) { sum, i in
            let code = Int(shape.code(codes.span.raw, at: 7, row: row, i))
            let centroid =
              code < half ? -Int(magnitudes[half - 1 - code]) : Int(magnitudes[code - half])
            return sum + centroid * Int(weights[query * shape.dimension + i])
          }
          #expect(sums[query * 33 + row] == Float(expected))
        }
      }
    }
  }

  @Test(arguments: KernelTarget.available, [0, 1, 15, 16, 17, 64, 100])
  func largest(_ target: KernelTarget, count: Int) {
    let kernels = Kernels(target)
    let x = TestFloats.unaligned(count, seed: 6)
    #expect(kernels.largest(x.span) == x.max())
    #expect(kernels.largestMagnitude(x.span) == x.map { abs($0) }.max())
    #expect(kernels.largest([Float]().span) == -.infinity)
    #expect(kernels.largestMagnitude([Float]().span) == 0)
    for value in [Float.nan, .infinity, -.infinity] {
      for place in x.indices {
        var bad = x
        bad[place] = value
        #expect(!kernels.largestMagnitude(bad.span).isFinite)
      }
    }
  }

  /// The nearest of 2¹³ steps to each side of zero; float32 rounds a product of 2¹³ steps by 2⁻¹¹ of one.
  @Test(arguments: KernelTarget.available, [0, 16, 48, 256])
  func weightsInTwoPlanes(_ target: KernelTarget, count: Int) {
    let weights = TestFloats.unaligned(count, seed: 7).dropLast().map { abs($0) }
    for scale in [Float(1), 1e-25, 1e25, 0, 1e-37] {
      let scales = TestFloats.unaligned(count, seed: 8).dropLast().map { $0 * scale }
      var planes = [Int8](repeating: 99, count: 2 * count)
      var output = planes.mutableSpan
      let split = Kernels(target).splitWeights(weights.span, scales: scales.span.raw, into: &output)
      #expect(split.high == planes.prefix(count).reduce(0) { $0 + Int($1) })
      #expect(split.low == planes.suffix(count).reduce(0) { $0 + Int($1) })
      #expect(planes.allSatisfy { (-64...64).contains($0) })
      for i in 0..<count {
        let exact = Double(weights[i] * scales[i])
        let found = Double(split.step) * Double(128 * Int(planes[i]) + Int(planes[count + i]))
        #expect(abs(found - exact) <= max(0.501 * Double(split.step), 0x1p-100))
      }
    }
  }

  /// The nearest of 4,095 steps to each side of zero; float32 rounds as above, half as much.
  @Test(arguments: KernelTarget.available, [0, 16, 48, 256])
  func weightsInOnePlane(_ target: KernelTarget, count: Int) {
    let weights = TestFloats.unaligned(count, seed: 15).dropLast().map { abs($0) }
    for scale in [Float(1), 1e-25, 1e25, 0, 1e-37] {
      let scales = TestFloats.unaligned(count, seed: 16).dropLast().map { $0 * scale }
      var whole = [Int16](repeating: 99, count: count)
      var output = whole.mutableSpan
      let step = Kernels(target).wholeWeights(
        weights.span, scales: scales.span.raw, into: &output)
      #expect(whole.allSatisfy { (-4095...4095).contains($0) })
      for i in 0..<count {
        let exact = Double(weights[i] * scales[i])
        #expect(
          abs(Double(step) * Double(whole[i]) - exact) <= max(0.501 * Double(step), 0x1p-100))
      }
    }
  }

  @Test(arguments: KernelTarget.available, [1, 15, 16, 17, 64, 96, 128, 200])
  func plainRows(_ target: KernelTarget, width: Int) {
    let floats = TestFloats.unaligned(37 * width - 1, seed: 9)
    check(Kernels(target), floats, values: floats, width: width)
    let halves = floats.map(float16Bits)
    var widened = [Float](repeating: 0, count: halves.count)
    var output = widened.mutableSpan
    widen(halves.span, into: &output, at: 0)
    check(Kernels(target), halves, values: widened, width: width)
  }

  /// Sums of n terms in another order: n · 2⁻²³ of the magnitudes.
  private func check<Element: RowElement>(
    _ kernels: Kernels, _ rows: [Element], values: [Float], width: Int
  ) {
    let rowCount = rows.count / width
    for queryCount in [1, 2, 3, 4, 7] {
      let queries = TestFloats.unaligned(queryCount * width - 1, seed: 10)
      var products = [Float](repeating: .nan, count: queryCount * 40)
      var output = products.mutableSpan
      kernels.rowProducts(
        rows.span, width: width, queries: queries.span, into: &output, stride: 40)
      let weights = TestFloats.unaligned(queryCount * 40, seed: 11)
      var sums = [Float](repeating: 1, count: queryCount * width)
      output = sums.mutableSpan
      kernels.combineRows(rows.span, width: width, weights: weights.span, stride: 40, into: &output)
      for q in 0..<queryCount {
        for r in 0..<rowCount {
          let terms = (0..<width).map {
            Double(values[r * width + $0]) * Double(queries[q * width + $0])
          }
          let error = abs(Double(products[q * 40 + r]) - terms.reduce(0, +))
          #expect(error <= Double(width) * 0x1p-23 * terms.reduce(0) { $0 + abs($1) })
        }
        for i in 0..<width {
          let terms = (0..<rowCount).map {
            Double(weights[q * 40 + $0]) * Double(values[$0 * width + i])
          }
          let error = abs(Double(sums[q * width + i]) - terms.reduce(1, +))
          #expect(error <= 38 * 0x1p-23 * terms.reduce(1) { $0 + abs($1) })
        }
      }
    }
  }
}

extension [UInt8] {
  /// Numbers of two bytes each.
  fileprivate var pairs: [Int] {
    stride(from: 0, to: count - 1, by: 2).map { 256 * Int(self[$0]) + Int(self[$0 + 1]) }
  }
}
