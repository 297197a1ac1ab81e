internal import TurboQuantKernels

/// What centring adds to the scores of one query, page after page: ⟨q, c⟩, or ⟨q, R_p·m⟩ at position p.
enum CenterScores {
  case constant(Float)
  case rotaryMean(RotaryMeanScores)

  /// Adds it to the scores of the next page, or of its first rows.
  mutating func addNext(_ kernels: Kernels, to scores: inout MutableSpan<Float>) {
    switch self {
    case .constant(let shift):
      for r in scores.indices { scores[r] += shift }
    case .rotaryMean(var query):
      query.addNext(kernels, to: &scores)
      self = .rotaryMean(query)
    }
  }
}

extension KeyCenter {
  /// What is added to the scores of queries that lie one after another, from token `position` on; empty
  /// if nothing is.
  func scores(
    of queries: Span<Float>, dimension: Int, scale: Float, position: Int
  ) -> [CenterScores] {
    let starts = stride(from: 0, to: queries.count, by: dimension)
    switch self {
    case .none: return []
    case .mean(let center):
      return starts.map { start in
        var sum: Float = 0
        for i in 0..<dimension { sum += queries[start + i] * center[i] }
        return .constant(sum * scale)
      }
    case .rotaryMean(let table, let block):
      return starts.map { start in
        .rotaryMean(
          RotaryMeanScores(
            queries.extracting(start..<start + dimension), table: table, block, scale: scale,
            position: position))
      }
    }
  }
}

/// The products of one query with a rotary mean, from block to block.
struct RotaryMeanScores {
  private let table: [Float]
  private let block: RotaryBlock
  private let scale: Float
  /// The query, as it stands to the next block.
  private var query: [Double]

  /// `query` for the tokens from `position` on.
  init(
    _ query: Span<Float>, table: [Float], _ block: RotaryBlock, scale: Float, position: Int
  ) {
    self.table = table
    self.block = block
    self.scale = scale
    self.query = query.indices.map { Double(query[$0]) }
    block.rotary.apply(block.rotary.phases(at: -Double(position)), to: &self.query)
  }

  /// Adds `scale` · ⟨q, R_p·m⟩ to the scores of the next tokens.
  mutating func addNext(_ kernels: Kernels, to scores: inout MutableSpan<Float>) {
    // The queries of all blocks first, so that the table is read once for all of them.
    let blocks = (scores.count + RotaryBlock.tokenCount - 1) / RotaryBlock.tokenCount
    var queries = [Float](repeating: 0, count: blocks * query.count)
    for number in 0..<blocks {
      RotaryMeanScores.round(query.span, into: &queries, at: number * query.count)
      block.rotary.apply(block.oneBlockBack, to: &query)
    }
    var products = [Float](repeating: 0, count: blocks * RotaryBlock.tokenCount)
    var target = products.mutableSpan
    kernels.rowProducts(
      table.span, width: query.count, queries: queries.span, into: &target,
      stride: RotaryBlock.tokenCount)
    for r in scores.indices { scores[r] += scale * products[r] }
  }

  private static func round(_ query: Span<Double>, into floats: inout [Float], at start: Int) {
    var all = floats.mutableSpan
    var target = all._mutatingExtracting(start..<start + query.count)
    for i in query.indices { target[i] = Float(query[i]) }
  }
}
