internal import TurboQuantKernels

/// What centring adds to the scores of some queries, page after page: ⟨q, c⟩, or ⟨q, R_p·m⟩ at position p.
struct CenterScores {
  /// What is the same at every position, one number for each query; empty if nothing is added.
  private let constants: [Float]
  private var waves: RotaryWaves?

  /// For tokens from `position` on.
  ///
  /// Queries lie one after another. `center` is empty if nothing was subtracted from keys; with waves it is a rotary mean.
  init(
    _ queries: Span<Float>, _ center: [Float], _ page: RotaryPage?, scale: Float, position: Int
  ) {
    guard !center.isEmpty else {
      constants = []
      return
    }
    let starts = Array(stride(from: 0, to: queries.count, by: center.count))
    let rotating = 2 * (page?.rotary.frequencies.count ?? 0)
    constants = starts.map { start in
      var sum: Float = 0
      for i in rotating..<center.count { sum += queries[start + i] * center[i] }
      return sum * scale
    }
    waves = page.map { page in
      RotaryWaves(queries, center, page, scale: scale, position: position)
    }
  }

  /// Adds it to the scores of the next `rows` rows, the first of which is of token `first`.
  mutating func addNext(
    _ kernels: Kernels, _ positions: Positions, from first: Int, rows: Int,
    to scores: inout FloatBuffer
  ) {
    var target = scores.mutableSpan
    for q in constants.indices where constants[q] != 0 {
      for r in q * Page.rowCount..<q * Page.rowCount + rows { target[r] += constants[q] }
    }
    guard waves != nil else { return }
    var row = 0
    while row < rows {
      let (position, count) = positions.run(from: first + row, in: first..<first + rows)
      waves?.add(kernels, at: position, row..<row + count, to: &target)
      row += count
    }
  }
}
