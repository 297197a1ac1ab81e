internal import TurboQuant
internal import TurboQuantKernels

/// Products with a mean taken out of rows and queries.
///
/// Rows are encoded as x = y − μ, y the vector or, for cosines, its direction. With e = μ/‖μ‖ and
/// p = ⟨q, e⟩,
///
///   ⟨y, q⟩ = ⟨x, q − p·e⟩ + p·⟨x, e⟩ + ⟨μ, q⟩.
///
/// Only the first term is estimated, and no multiple of e leaves a shorter query for the estimate to err
/// by; ⟨x, e⟩ is stored with the row. Distances need neither: ‖y − q‖ = ‖x − (q − μ)‖.
extension VectorIndex {
  /// A vector's direction in double precision; zero for zero.
  ///
  /// Squares of float32 neither overflow nor vanish in double precision.
  static func direction(_ x: [Float]) -> [Double] {
    withStandardFloatEnvironment {
      let norm = squareRoot(x.reduce(0.0) { $0 + Double($1) * Double($1) })
      return x.map { norm > 0 ? Double($0) / norm : 0 }
    }
  }

  /// ⟨x, μ/‖μ‖⟩ of encoded vectors, added up in double precision from the first coordinate to the last
  /// and rounded once; nothing where rows do not keep it.
  ///
  /// At most ‖x‖ ≤ 2⁶² in magnitude, however long or short the mean.
  func meanComponents(of rows: [Float]) -> [Float] {
    guard let meanDirection else { return [] }
    let dimension = codec.dimension
    return withStandardFloatEnvironment {
      stride(from: 0, to: rows.count, by: dimension).map { start in
        var sum = 0.0
        for i in 0..<dimension { sum += Double(rows[start + i]) * meanDirection[i] }
        return Float(sum)
      }
    }
  }

  /// A query without its part along the mean: in float32, its length before, and that part's.
  ///
  /// Of a query for cosines everything is that of its direction, so that no length is too long or too
  /// short for it.
  func projected(_ q: [Float], _ e: [Double]) -> (rest: [Float], norm: Double, along: Double) {
    let square = q.reduce(0.0) { $0 + Double($1) * Double($1) }
    // A zero query has no direction; of one that is not finite the codec says where it is not.
    guard square > 0, square.isFinite else { return (q, 0, 0) }
    let norm = square.squareRoot()
    // Too long a query is refused by its length; without its part it might not fit float32.
    guard metric == .cosine || norm <= VectorIndex.largestNorm else { return (q, norm, 0) }
    let scale = metric == .cosine ? 1 / norm : 1
    var along = 0.0
    for i in q.indices { along += Double(q[i]) * scale * e[i] }
    let rest = q.indices.map { Float(Double(q[$0]) * scale - along * e[$0]) }
    return (rest, norm * scale, along)
  }
}
