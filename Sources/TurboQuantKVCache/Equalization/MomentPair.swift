internal import TurboQuant
internal import TurboQuantKernels

/// The second moments of one head's keys and queries, and the metric that makes the noise of its scores least.
///
/// The noise is in proportion to tr(G·A) · tr(G⁻¹·B), A of keys and B of queries. It is least, over all G, where
/// G·A·G = B: the geometric mean G = A⁻¹ # B; over diagonals where gᵢ = √(Bᵢᵢ / Aᵢᵢ).
struct MomentPair {
  private let dimension: Int
  /// d × d, both triangles, in channels scaled by ``diagonal``.
  private var keys, queries: [Double]
  /// T of the best diagonal: √gᵢ.
  let diagonal: [Double]

  /// Of upper triangles in d × d squares.
  init(keys: [Double], queries: [Double], _ dimension: Int) {
    self.dimension = dimension
    func squares(_ moments: [Double]) -> [Double] {
      let squares = (0..<dimension).map { moments[$0 * dimension + $0] }
      // A channel that never moves has no scale of its own.
      let least = max((squares.max() ?? 0) * 0x1p-40, Double.leastNormalMagnitude)
      return squares.map { max($0, least) }
    }
    let (keySquares, querySquares) = (squares(keys), squares(queries))
    let diagonal = zip(keySquares, querySquares).map { squareRoot(squareRoot($1) / squareRoot($0)) }
    self.diagonal = diagonal
    // Scaled by a number for all, so that both have unit diagonals on average.
    func scaled(_ moments: [Double], _ factors: [Double]) -> [Double] {
      var result = moments
      var trace = 0.0
      for i in 0..<dimension {
        for j in i..<dimension {
          let value = moments[i * dimension + j] * factors[i] * factors[j]
          (result[i * dimension + j], result[j * dimension + i]) = (value, value)
        }
        trace += result[i * dimension + i]
      }
      let unit = trace > 0 ? Double(dimension) / trace : 0
      return result.map { $0 * unit }
    }
    self.keys = scaled(keys, diagonal)
    self.queries = scaled(queries, diagonal.map { 1 / $0 })
  }

  /// T of the best metric: the upper triangle row by row.
  func triangle(shrinkage: Double) -> [Double] {
    let (a, b) = (shrunk(keys, shrinkage), shrunk(queries, shrinkage))
    // A = L·Lᵀ; G = L⁻ᵀ (Lᵀ·B·L)^½ L⁻¹, and with (Lᵀ·B·L)^½ = Vᵀ·D·V, T is the triangle of D^½·V·L⁻¹.
    let lower = Cholesky.lower(a, dimension)
    let inner = SymmetricMatrix.congruent(b, lower, dimension)
    let (values, vectors) = SymmetricMatrix.eigen(inner, dimension)
    let largest = values.max() ?? 0
    var rows = Cholesky.timesInverse(vectors, lower, dimension)
    for v in 0..<dimension {
      let factor = squareRoot(squareRoot(max(values[v], largest * 0x1p-40)))
      for i in 0..<dimension { rows[v * dimension + i] *= factor }
    }
    let metric = SymmetricMatrix.gram(rows, dimension)
    let factor = Cholesky.lower(metric, dimension)
    var triangle: [Double] = []
    for i in 0..<dimension {
      for j in i..<dimension { triangle.append(factor[j * dimension + i] * diagonal[j]) }
    }
    return triangle
  }

  /// `moments`, less a share of what is off the diagonal.
  private func shrunk(_ moments: [Double], _ share: Double) -> [Double] {
    var result = moments.map { $0 * (1 - share) }
    for i in 0..<dimension {
      // Keeps the matrix positive where a channel, or a combination of channels, never moves.
      result[i * dimension + i] = moments[i * dimension + i] + 0x1p-30
    }
    return result
  }
}
