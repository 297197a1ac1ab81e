internal import TurboQuantKernels

/// Lower triangles of positive matrices, d × d, row by row.
enum Cholesky {
  /// L of A = L·Lᵀ.
  static func lower(_ a: [Double], _ d: Int) -> [Double] {
    var l = [Double](repeating: 0, count: d * d)
    for i in 0..<d {
      for j in 0...i {
        var sum = a[i * d + j]
        for k in 0..<j { sum -= l[i * d + k] * l[j * d + k] }
        l[i * d + j] = i == j ? squareRoot(max(sum, a[i * d + i] * 0x1p-50)) : sum / l[j * d + j]
      }
    }
    return l
  }

  /// V·L⁻¹.
  static func timesInverse(_ v: [Double], _ l: [Double], _ d: Int) -> [Double] {
    var x = v
    for row in 0..<d {
      for j in (0..<d).reversed() {
        var sum = x[row * d + j]
        for k in j + 1..<max(j + 1, d) { sum -= x[row * d + k] * l[k * d + j] }
        x[row * d + j] = sum / l[j * d + j]
      }
    }
    return x
  }
}

/// Symmetric matrices, d × d, row by row.
enum SymmetricMatrix {
  /// Lᵀ·B·L, for symmetric B.
  static func congruent(_ b: [Double], _ l: [Double], _ d: Int) -> [Double] {
    transposedProduct(l, transposedProduct(b, l, d), d)
  }

  /// XᵀX.
  static func gram(_ x: [Double], _ d: Int) -> [Double] { transposedProduct(x, x, d) }

  /// XᵀY.
  private static func transposedProduct(_ x: [Double], _ y: [Double], _ d: Int) -> [Double] {
    var result = [Double](repeating: 0, count: d * d)
    for row in 0..<d {
      for i in 0..<d {
        let factor = x[row * d + i]
        for j in 0..<d { result[i * d + j] += factor * y[row * d + j] }
      }
    }
    return result
  }

  /// Eigenvalues, and their vectors as rows, by Jacobi's rotations: each makes one pair of numbers zero.
  static func eigen(_ matrix: [Double], _ d: Int) -> (values: [Double], vectors: [Double]) {
    var (a, v) = (matrix, [Double](repeating: 0, count: d * d))
    for i in 0..<d { v[i * d + i] = 1 }
    let size = a.reduce(0) { $0 + $1 * $1 }
    // The sum of squares off the diagonal falls quadratically in the end; 8 sweeps are usual.
    for _ in 0..<40 {
      var off = 0.0
      for i in 0..<d { for j in 0..<i { off += 2 * a[i * d + j] * a[i * d + j] } }
      guard off > size * 0x1p-90 else { break }
      for p in 0..<d { for q in p + 1..<max(p + 1, d) { rotate(&a, &v, p, q, d) } }
    }
    return ((0..<d).map { a[$0 * d + $0] }, v)
  }

  private static func rotate(
    _ a: inout [Double], _ v: inout [Double], _ p: Int, _ q: Int, _ d: Int
  ) {
    let x = a[p * d + q]
    guard x != 0 else { return }
    let theta = (a[q * d + q] - a[p * d + p]) / (2 * x)
    let t = (theta < 0 ? -1 : 1) / (theta.magnitude + squareRoot(1 + theta * theta))
    let c = 1 / squareRoot(1 + t * t)
    let s = t * c
    var matrix = a.mutableSpan
    var vectors = v.mutableSpan
    for k in 0..<d {
      let (y, z) = (matrix[k * d + p], matrix[k * d + q])
      (matrix[k * d + p], matrix[k * d + q]) = (c * y - s * z, s * y + c * z)
    }
    for k in 0..<d {
      let (y, z) = (matrix[p * d + k], matrix[q * d + k])
      (matrix[p * d + k], matrix[q * d + k]) = (c * y - s * z, s * y + c * z)
      let (m, n) = (vectors[p * d + k], vectors[q * d + k])
      (vectors[p * d + k], vectors[q * d + k]) = (c * m - s * n, s * m + c * n)
    }
  }
}
