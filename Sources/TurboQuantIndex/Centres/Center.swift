// The arithmetic of one centre.

internal import TurboQuant
internal import TurboQuantKernels

/// One centre c.
///
/// With e = c/‖c‖ and p = ⟨q, e⟩,
///
///   ⟨y, q⟩ = ⟨x, q − p·e⟩ + p·⟨x, e⟩ + ⟨c, q⟩.
///
/// Only the first term is estimated. Of all multiples of e, p·e leaves the shortest query, so the estimate's error is
/// smallest; ⟨x, e⟩ is stored with the row. Distances need neither: ‖y − q‖ = ‖x − (q − c)‖.
struct Center: Sendable {
  let vector: [Float]
  /// ‖c‖.
  let norm: Double
  /// c/‖c‖, zero for a centre of zero; nil for distances.
  let direction: [Double]?
  private let metric: Metric

  init(_ vector: [Float], _ metric: Metric) {
    self.vector = vector
    self.metric = metric
    norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    direction = metric == .squaredEuclidean ? nil : Center.direction(of: vector)
  }

  /// A vector's direction in double precision; zero for zero.
  ///
  /// Squares of float32 neither overflow nor vanish in double precision.
  private static func direction(of x: [Float]) -> [Double] {
    withStandardFloatEnvironment {
      let norm = squareRoot(x.reduce(0.0) { $0 + Double($1) * Double($1) })
      return x.map { norm > 0 ? Double($0) / norm : 0 }
    }
  }

  /// Vectors without the centre; for cosines, directions without it.
  func centered(_ vectors: [Float]) throws(IndexError) -> [Float] {
    let dimension = vector.count
    var centered = vectors
    for row in 0..<vectors.count / dimension {
      let range = row * dimension..<(row + 1) * dimension
      var scale = 1.0
      if metric == .cosine {
        let square = range.reduce(0.0) { $0 + Double(vectors[$1]) * Double(vectors[$1]) }
        guard square != 0 else { throw IndexError(CodecError(.zeroVector(row: row))) }
        // The codec reports which coordinate is not finite.
        guard square.isFinite else { continue }
        scale = 1 / square.squareRoot()
      }
      for (i, at) in range.enumerated() {
        centered[at] = Float(Double(vectors[at]) * scale - Double(vector[i]))
      }
    }
    return centered
  }

  /// ⟨x, e⟩ of encoded vectors, summed in double precision from the first coordinate to the last and rounded once;
  /// nothing for distances.
  ///
  /// Its magnitude is at most ‖x‖ ≤ 2⁶², whatever the length of the centre.
  func components(ofCentered rows: [Float]) -> [Float] {
    guard let direction else { return [] }
    let dimension = vector.count
    return withStandardFloatEnvironment {
      stride(from: 0, to: rows.count, by: dimension).map { start in
        var sum = 0.0
        for i in 0..<dimension { sum += Double(rows[start + i]) * direction[i] }
        return Float(sum)
      }
    }
  }

  /// A query as rows of the centre meet it: for distances without the centre, else without its part along the centre.
  func centered(query q: [Float]) -> CenteredQuery {
    guard let direction else {
      var shifted = q
      for i in q.indices { shifted[i] -= vector[i] }
      return CenteredQuery(vector: shifted, norm: nil, constants: .none)
    }
    let (across, queryNorm, component) = split(q, along: direction)
    return CenteredQuery(
      vector: across, norm: queryNorm,
      constants: CenterConstants(product: component * norm, component: component))
  }

  /// A query without its part along `e`, in float32, the query's length, and the length of that part.
  ///
  /// For cosines all three are those of the query's direction, so that no query is too long or too short.
  private func split(
    _ q: [Float], along e: [Double]
  ) -> (across: [Float], norm: Double, component: Double) {
    let square = q.reduce(0.0) { $0 + Double($1) * Double($1) }
    // A zero query has no direction. If the query is not finite, the codec reports where.
    guard square > 0, square.isFinite else { return (q, 0, 0) }
    let norm = square.squareRoot()
    // A query that is too long is refused later; the part across might not fit float32.
    guard metric == .cosine || norm <= VectorIndex.largestNorm else { return (q, norm, 0) }
    let scale = metric == .cosine ? 1 / norm : 1
    var component = 0.0
    for i in q.indices { component += Double(q[i]) * scale * e[i] }
    let across = q.indices.map { Float(Double(q[$0]) * scale - component * e[$0]) }
    return (across, norm * scale, component)
  }
}
