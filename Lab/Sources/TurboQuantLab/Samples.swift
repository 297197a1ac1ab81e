import TurboQuantKernels

/// The sample vectors: embeddings of 5,000 package descriptions, and of 200 queries.
package struct Samples: Sendable {
  /// The dimension of the sample vectors.
  static let dimension = 384

  let rows: [Float]
  let queries: [Float]

  /// Unpacks two `.npy` files of float16 in rows of ``dimension``.
  ///
  /// - Precondition: The files are those that the package ships.
  package init(rows: Span<UInt8>, queries: Span<UInt8>) {
    self.rows = Self.unpack(rows)
    self.queries = Self.unpack(queries)
  }

  var rowCount: Int { rows.count / Self.dimension }
  var queryCount: Int { queries.count / Self.dimension }

  /// Query `i`.
  func query(_ i: Int) -> [Float] {
    Array(queries[i * Self.dimension..<(i + 1) * Self.dimension])
  }

  /// ⟨x, q⟩ for every row x.
  func products(with q: [Float]) -> [Double] {
    (0..<rowCount).map { row in
      var sums = SIMD8<Float>()
      for i in stride(from: 0, to: Self.dimension, by: 8) {
        let start = row * Self.dimension + i
        for lane in 0..<8 { sums[lane] += rows[start + lane] * q[i + lane] }
      }
      return Double(sums.sum())
    }
  }

  private static func unpack(_ file: Span<UInt8>) -> [Float] {
    // Format 1.0: bytes 8 and 9 give the length of the text that describes the array.
    let start = 10 + Int(file[8]) + Int(file[9]) << 8
    let count = (file.count - start) / 2
    precondition(count > 0 && count % dimension == 0, "not the sample vectors")
    let halves = (0..<count).map { i in
      UInt16(file[start + 2 * i]) | UInt16(file[start + 2 * i + 1]) << 8
    }
    var floats = [Float](repeating: 0, count: count)
    var target = floats.mutableSpan
    widen(halves.span, into: &target, at: 0)
    return floats
  }
}
