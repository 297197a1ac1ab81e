internal import TurboQuant
internal import TurboQuantKernels

/// T of one head, as keys and queries need it.
///
/// It decides stored codes, so products are added in the same order everywhere.
final class KeyMetric: Sendable {
  private let dimension: Int
  private let kind: KVEqualization.Kind
  /// T: its factors, or its columns.
  private let transform: [Float]
  /// T⁻ᵀ in the same form.
  private let inverse: [Float]

  init(_ head: [Float], _ kind: KVEqualization.Kind, _ dimension: Int) {
    (self.dimension, self.kind) = (dimension, kind)
    guard kind == .matrix else {
      (transform, inverse) = (head, head.map { Float(1 / Double($0)) })
      return
    }
    let triangle = Triangle.inverse(head.map { Double($0) }, dimension)
    var columns = [Float](repeating: 0, count: dimension * dimension)
    var inverseColumns = columns
    for i in 0..<dimension {
      let row = Triangle.start(ofRow: i, dimension)
      for j in i..<dimension {
        columns[j * dimension + i] = head[row + j - i]
        // T⁻ᵀ has rows and columns of T⁻¹ the other way round.
        inverseColumns[i * dimension + j] = Float(triangle[row + j - i])
      }
    }
    (transform, inverse) = (columns, inverseColumns)
  }

  /// Makes T·k of keys that lie one after another, less their centre.
  func equalize(keys: inout [Float], _ kernels: Kernels) {
    switch kind {
    case .diagonal: multiply(&keys, transform)
    case .matrix:
      let columns = transform
      keys = withStandardFloatEnvironment {
        products(keys.span) {
          kernels.multiply(columns: columns.span, rowCount: dimension, $0, into: &$1)
        }
      }
    }
  }

  /// T⁻ᵀ·q of queries that lie one after another.
  func equalized(queries: Span<Float>, _ kernels: Kernels) -> [Float] {
    switch kind {
    case .diagonal:
      var result = queries.copied()
      multiply(&result, inverse)
      return result
    case .matrix:
      let columns = inverse
      return products(queries) {
        kernels.multiply(columns: columns.span, rowCount: dimension, $0, into: &$1)
      }
    }
  }

  /// Makes T⁻¹·k of decoded keys that lie one after another.
  func restore(keys: inout [Float], _ kernels: Kernels) {
    switch kind {
    case .diagonal: multiply(&keys, inverse)
    case .matrix:
      let columns = inverse
      keys = products(keys.span) {
        kernels.multiplyTransposed(columns: columns.span, rowCount: dimension, $0, into: &$1)
      }
    }
  }

  private func multiply(_ vectors: inout [Float], _ factors: [Float]) {
    var target = vectors.mutableSpan
    for start in stride(from: 0, to: target.count, by: dimension) {
      for i in 0..<dimension { target[start + i] *= factors[i] }
    }
  }

  private func products(
    _ vectors: Span<Float>, _ multiply: (borrowing FloatBuffer, inout FloatBuffer) -> Void
  ) -> [Float] {
    var vector = FloatBuffer(count: dimension)
    var product = FloatBuffer(count: dimension)
    return [Float](capacity: vectors.count) { output in
      for start in stride(from: 0, to: vectors.count, by: dimension) {
        var target = vector.mutableSpan
        for i in 0..<dimension { target[i] = vectors[start + i] }
        multiply(vector, &product)
        for i in 0..<dimension { output.append(product.span[i]) }
      }
    }
  }
}
