internal import TurboQuantKernels

extension KeyBias {
  /// What is added to the scores of queries that lie one after another, from token `position` on; empty
  /// for nothing.
  func queries(
    _ queries: Span<Float>, dimension: Int, scale: Float, position: Int
  ) -> [BiasedQuery] {
    let starts = stride(from: 0, to: queries.count, by: dimension)
    switch self {
    case .none: return []
    case .fixed(let centre):
      return starts.map { start in
        var sum: Float = 0
        for i in 0..<dimension { sum += queries[start + i] * centre[i] }
        return .fixed(sum * scale)
      }
    case .turned(let table, let turns):
      return starts.map { start in
        .turning(
          TurningQuery(
            queries.extracting(start..<start + dimension), table: table, turns, scale: scale,
            position: position))
      }
    }
  }
}

/// What centring adds to the scores of one query, page after page.
enum BiasedQuery {
  case fixed(Float)
  case turning(TurningQuery)

  /// Adds it to the scores of the next page, all of whose rows they are, or the last ones.
  mutating func addNext(_ kernels: Kernels, to scores: inout MutableSpan<Float>) {
    switch self {
    case .fixed(let shift):
      for r in scores.indices { scores[r] += shift }
    case .turning(var query):
      query.addNext(kernels, to: &scores)
      self = .turning(query)
    }
  }
}

/// A query on its way through the tokens of a head.
struct TurningQuery {
  private let table: [Float]
  private let turns: StretchTurns
  private let scale: Float
  private var query: [Double]

  /// `query` at `position`, the first token's.
  init(
    _ query: Span<Float>, table: [Float], _ turns: StretchTurns, scale: Float, position: Int
  ) {
    self.table = table
    self.turns = turns
    self.scale = scale
    self.query = query.indices.map { Double(query[$0]) }
    turns.rotary.apply(turns.rotary.turn(by: -Double(position)), to: &self.query)
  }

  /// Adds `scale` · ⟨q, R_p·b⟩ to the scores of the next tokens.
  mutating func addNext(_ kernels: Kernels, to scores: inout MutableSpan<Float>) {
    // The query of every stretch, so that the table is read once for all of them.
    let stretches = (scores.count + StretchTurns.count - 1) / StretchTurns.count
    var queries = [Float](repeating: 0, count: stretches * query.count)
    for stretch in 0..<stretches {
      TurningQuery.round(query.span, into: &queries, at: stretch * query.count)
      turns.rotary.apply(turns.back, to: &query)
    }
    var products = [Float](repeating: 0, count: stretches * StretchTurns.count)
    var target = products.mutableSpan
    kernels.rowProducts(
      table.span, width: query.count, queries: queries.span, into: &target,
      stride: StretchTurns.count)
    for r in scores.indices { scores[r] += scale * products[r] }
  }

  private static func round(_ query: Span<Double>, into floats: inout [Float], at start: Int) {
    var all = floats.mutableSpan
    var target = all._mutatingExtracting(start..<start + query.count)
    for i in query.indices { target[i] = Float(query[i]) }
  }
}
