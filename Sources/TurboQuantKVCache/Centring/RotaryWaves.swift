internal import TurboQuantKernels

/// The products of some queries with a rotary mean, page after page.
///
/// A pair of a query and one of the mean, complex numbers x and m, add Re(x m̄ e^{−ipθ}) at position p: a wave
/// a·cos jθ + b·sin jθ of the place j in a block, with a − ib = x m̄ e^{−isθ} where the block begins at s. One table of waves
/// serves all blocks, queries and heads.
struct RotaryWaves {
  private static let blocks = Page.rowCount / RotaryBlock.count

  private let block: RotaryBlock
  /// Of each query a for all pairs, then b, at position 0, times the scale.
  private let original: [Double]
  /// The same for the block that begins at `position`.
  private var next: [Double]
  private var position: Int
  private let queryCount: Int
  /// a and b of a page, for each query block after block.
  private var weights: [Float]

  init(
    _ queries: Span<Float>, _ mean: [Float], _ block: RotaryBlock, scale: Float, position: Int
  ) {
    let pairs = block.rotary.frequencies.count
    var original: [Double] = []
    for start in stride(from: 0, to: queries.count, by: mean.count) {
      var sines: [Double] = []
      for i in 0..<pairs {
        let (first, second) = block.rotary.pair(i)
        let (x, y) = (Double(queries[start + first]), Double(queries[start + second]))
        let (u, v) = (Double(mean[first]), Double(mean[second]))
        original.append(Double(scale) * (x * u + y * v))
        sines.append(Double(scale) * (y * u - x * v))
      }
      original += sines
    }
    self.block = block
    self.original = original
    self.position = position
    next = original
    queryCount = queries.count / mean.count
    weights = [Float](repeating: 0, count: RotaryWaves.blocks * original.count)
    turn(by: RotaryPhases(block.rotary, at: position))
  }

  /// Adds `scale` · ⟨q, R_p·m⟩ to the scores of `rows` of a page, the first of which stands at `first`.
  ///
  /// Cheaper if the page follows the last one.
  mutating func add(
    _ kernels: Kernels, at first: Int, _ rows: Range<Int>, to scores: inout MutableSpan<Float>
  ) {
    if first - rows.lowerBound != position {
      position = first - rows.lowerBound
      next = original
      turn(by: RotaryPhases(block.rotary, at: position))
    }
    for number in 0..<RotaryWaves.blocks {
      round(number)
      turn(by: block.step)
    }
    position += Page.rowCount
    if rows.count == Page.rowCount {
      sum(kernels, &scores)
    } else {
      var page = [Float](repeating: 0, count: queryCount * Page.rowCount)
      var target = page.mutableSpan
      sum(kernels, &target)
      for q in 0..<queryCount {
        for r in rows { scores[q * Page.rowCount + r] += target[q * Page.rowCount + r] }
      }
    }
  }

  /// `sums` += the waves of the page.
  private func sum(_ kernels: Kernels, _ sums: inout MutableSpan<Float>) {
    var used = sums._mutatingExtracting(0..<queryCount * Page.rowCount)
    kernels.combineRows(
      block.table.span, width: RotaryBlock.count, weights: weights.span,
      stride: original.count / queryCount, into: &used)
  }

  /// `next` as if positions began later by that of `phases`.
  private mutating func turn(by phases: RotaryPhases) {
    let (cosines, sines, pairs) = (phases.cosines.span, phases.sines.span, phases.cosines.count)
    var all = next.mutableSpan
    for start in stride(from: 0, to: all.count, by: 2 * pairs) {
      for i in 0..<pairs {
        let (a, b) = (all[start + i], all[start + pairs + i])
        all[start + i] = cosines[i] * a + sines[i] * b
        all[start + pairs + i] = cosines[i] * b - sines[i] * a
      }
    }
  }

  /// Writes `next` as a block's weights.
  private mutating func round(_ number: Int) {
    let (waves, queries, width) = (next, queryCount, original.count / queryCount)
    let next = waves.span
    var target = weights.mutableSpan
    for q in 0..<queries {
      let start = (q * RotaryWaves.blocks + number) * width
      for i in 0..<width { target[start + i] = Float(next[q * width + i]) }
    }
  }
}
