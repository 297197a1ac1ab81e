internal import TurboQuantKernels

/// Uniformly random orthogonal matrices.
enum Orthogonal {
  /// A Haar-distributed orthogonal matrix of `dimension`, column by column, as float32.
  ///
  /// It is the Q of the Householder QR factorisation of a Gaussian matrix, with column signs for
  /// which R has a positive diagonal (Stewart 1980; Mezzadri 2007). The column of the matrix from
  /// the k-th diagonal entry down stays Gaussian and independent through the earlier reflections,
  /// so each reflection can be drawn directly. Q is built by applying the reflections, last first,
  /// to the identity. O(d³) in double precision.
  static func haar(dimension d: Int, from stream: inout RandomStream) -> [Float] {
    var q = [Double](repeating: 0, count: d * d)
    for k in 0..<d { q[k * d + k] = 1 }
    var reflections: [(vector: [Double], sign: Double)] = []
    for k in 0..<d {
      reflections.append(reflection(count: d - k, from: &stream))
    }
    for k in (0..<d).reversed() {
      apply(reflections[k].vector, to: &q, dimension: d, from: k)
      // The sign belongs to row k of the product so far: diag(sign) stands between reflections.
      if reflections[k].sign < 0 {
        for row in k..<d { q[k * d + row] = -q[k * d + row] }
      }
    }
    return q.map { Float($0) }
  }

  /// A vector v with ‖v‖² = 2, and a sign: I − v vᵀ maps a Gaussian vector onto the first axis.
  ///
  /// The sign makes the image positive.
  private static func reflection(
    count: Int, from stream: inout RandomStream
  ) -> (vector: [Double], sign: Double) {
    var v = (0..<count).map { _ in stream.nextNormal() }
    let norm = squareRoot(v.reduce(0) { $0 + $1 * $1 })
    // Reflecting away from the axis avoids cancellation.
    let sign: Double = v[0] < 0 ? 1 : -1
    v[0] -= sign * norm
    let length = squareRoot(v.reduce(0) { $0 + $1 * $1 } / 2)
    return (length > 0 ? v.map { $0 / length } : v, sign)
  }

  /// Q ← (I − v vᵀ) Q for the columns from `from` on; v begins at row `from`.
  private static func apply(
    _ v: [Double], to q: inout [Double], dimension d: Int, from k: Int
  ) {
    for column in k..<d {
      let base = column * d + k
      var product = 0.0
      for i in v.indices { product += v[i] * q[base + i] }
      for i in v.indices { q[base + i] -= product * v[i] }
    }
  }
}
