import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

/// The kernels of attention over rows of angles, on every target, against the codec and against double precision.
@Suite struct AngleKernelTests {
  /// What standard rates give, and what has no kernel of its own: widths of any order, blocks of any length.
  static let widths = [
    [3, 1, 1, 1], [4, 2, 2, 2], [5, 3, 3, 3], [6, 4, 4, 4], [7, 5, 5, 5], [8, 6, 6, 6], [4, 2],
    [5], [2, 3, 1], [8, 8, 8, 8], [3, 3, 2, 2, 1], [4, 2, 1, 1, 1, 1],
  ]
  static let dimensions =
    isOptimizedBuild ? [2, 3, 7, 16, 17, 48, 71, 96, 128, 255, 256] : [7, 16, 71, 96]
  static let rowCount = 35

  @Test(arguments: widths) func products(_ bits: [Int]) throws {
    for dimension in Self.dimensions where 1 << bits.count <= dimension {
      let codec = try Codec(
        dimension: dimension, rate: .bits(4), quantizer: .polar(bits: bits), seed: 5)
      let polar = try #require(codec.polarQuantizer)
      let rows = try codec.encode(normals(Self.rowCount * dimension, seed: 6).span)
      let queries = (0..<7).map { normals(dimension, seed: 100 + UInt64($0)) }
      let expected = queries.map { polar.products(of: rows, codec, $0) }
      for (q, query) in queries.enumerated() {
        expectDecoded(polar, rows, codec, query, expected[q])
      }
      for target in KernelTarget.available {
        for queryCount in [1, 2, 3, 4, 7] {
          let found = Kernels(target).products(
            of: rows, codec, polar.kernel, queries.prefix(queryCount))
          let same = zip(found, expected).allSatisfy { patterns($0) == patterns($1) }
          #expect(same, "\(target.name), \(dimension) coordinates, \(queryCount) queries")
        }
      }
    }
  }

  private func patterns(_ products: [Float]) -> [UInt32] { products.map { $0.bitPattern } }

  /// Products against double precision on the decoded rows.
  ///
  /// A term takes two roundings per level, one with its radius, and one per block added after it. Decoding takes one per
  /// level and one with its radius (Higham, Accuracy and Stability, §3.1).
  private func expectDecoded(
    _ polar: PolarQuantizer, _ rows: CodeMatrix, _ codec: Codec, _ query: [Float],
    _ products: [Float]
  ) {
    var codeword = FloatBuffer(count: codec.dimension)
    let roundings = Double(3 * polar.levels.count + polar.blockCount + 1)
    for row in 0..<Self.rowCount {
      let start = row * codec.bytesPerVector
      polar.dequantize(
        codec.kernels, rows.bytes.span.raw, at: start,
        radii: start + codec.layout.radii.lowerBound, into: &codeword)
      var (sum, magnitude) = (0.0, 0.0)
      for i in query.indices {
        let term = Double(codeword.span[i]) * Double(query[i])
        sum += term
        magnitude += abs(term)
      }
      let bound = roundings * 0x1p-24 / (1 - roundings * 0x1p-24) * magnitude
      #expect(abs(Double(products[row]) - sum) <= bound, "row \(row), \(codec.dimension)")
    }
  }
}

extension PolarQuantizer {
  /// The products with all rows, one after another.
  fileprivate func products(of rows: CodeMatrix, _ codec: Codec, _ query: [Float]) -> [Float] {
    var products = [Float](repeating: 0, count: rows.count)
    var target = products.mutableSpan
    self.products(
      codec.kernels, rows.bytes.span.raw, offset: 0, stride: codec.bytesPerVector,
      radii: codec.layout.radii.lowerBound, query: query.span, into: &target)
    return products
  }
}

extension Kernels {
  /// The products of queries with all rows, query by query.
  fileprivate func products(
    of rows: CodeMatrix, _ codec: Codec, _ angles: KernelAngles, _ queries: ArraySlice<[Float]>
  ) -> [[Float]] {
    var tables = FloatBuffer(count: queries.count * angles.tableCount)
    for (q, query) in queries.enumerated() {
      var all = tables.mutableSpan
      var target = all._mutatingExtracting(q * angles.tableCount..<(q + 1) * angles.tableCount)
      fillAngleTables(angles, query.span, into: &target)
    }
    let stride = rows.count + 2
    var sums = [Float](repeating: .nan, count: queries.count * stride)
    var target = sums.mutableSpan
    var work = FloatBuffer(count: angles.workCount)
    angleProducts(
      angles, rows.bytes.span.raw, at: 0, rowStride: codec.bytesPerVector, rowCount: rows.count,
      tables: tables, next: rows.bytes.span.raw, work: &work, into: &target, stride: stride)
    let isClean = queries.indices.allSatisfy { q in
      sums[q * stride + rows.count..<(q + 1) * stride].allSatisfy { $0.isNaN }
    }
    #expect(isClean, "wrote beyond its place")
    return queries.indices.map { Array(sums[$0 * stride..<$0 * stride + rows.count]) }
  }
}
