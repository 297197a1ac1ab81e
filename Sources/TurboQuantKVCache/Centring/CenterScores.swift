internal import TurboQuantKernels

/// What centring adds to the scores of one query, page after page: ⟨q, c⟩, or ⟨q, R_p·m⟩ at position p.
enum CenterScores {
  case constant(Float)
  case rotaryMean(RotaryMeanScores)

  /// Adds it to the scores of the next page, or of its first rows, the first of which is of token `first`.
  mutating func addNext(
    _ kernels: Kernels, _ positions: Positions, from first: Int, to scores: inout MutableSpan<Float>
  ) {
    switch self {
    case .constant(let shift):
      for r in scores.indices { scores[r] += shift }
    case .rotaryMean(var query):
      var row = 0
      while row < scores.count {
        let (position, count) = positions.run(
          from: first + row, in: first..<first + scores.count)
        var run = scores._mutatingExtracting(row..<row + count)
        query.add(kernels, at: position, to: &run)
        row += count
      }
      self = .rotaryMean(query)
    }
  }
}

extension KeyCenter {
  /// What is added to the scores of queries that lie one after another, from `position` on; empty if nothing is.
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
  private let original: [Double]
  /// The query, as it stands to the next block, which begins at `position`.
  private var query: [Double]
  private var position: Int

  /// `query` for the tokens from `position` on.
  init(
    _ query: Span<Float>, table: [Float], _ block: RotaryBlock, scale: Float, position: Int
  ) {
    self.table = table
    self.block = block
    self.scale = scale
    self.position = position
    original = query.indices.map { Double(query[$0]) }
    self.query = original
    block.rotary.apply(block.rotary.phases(at: -Double(position)), to: &self.query)
  }

  /// Adds `scale` · ⟨q, R_p·m⟩ to the scores of tokens at positions from `first` on.
  ///
  /// Cheaper if that is where the block after the last one begins.
  mutating func add(_ kernels: Kernels, at first: Int, to scores: inout MutableSpan<Float>) {
    if first != position {
      query = original
      block.rotary.apply(block.rotary.phases(at: -Double(first)), to: &query)
    }
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
    position = first + blocks * RotaryBlock.tokenCount
  }

  private static func round(_ query: Span<Double>, into floats: inout [Float], at start: Int) {
    var all = floats.mutableSpan
    var target = all._mutatingExtracting(start..<start + query.count)
    for i in query.indices { target[i] = Float(query[i]) }
  }
}
