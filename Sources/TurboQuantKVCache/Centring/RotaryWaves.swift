internal import TurboQuantKernels

/// The products of some queries with a rotary mean, page after page.
///
/// A pair of a query and one of the mean, complex numbers x and m, add Re(x m̄ e^{−ipθ}) at position p: a wave
/// a·cos jθ + b·sin jθ in the places j of a page, with a − ib = x m̄ e^{−isθ} where the page begins at s. ``RotaryPage`` has
/// the waves for all positions, queries and heads.
struct RotaryWaves {
  private let page: RotaryPage
  private let queryCount: Int
  /// Of each query a for all pairs, then b, at position 0, times the scale.
  private let original: [Double]
  /// The same for the page that begins at `position`.
  private var next: [Double]
  private var position: Int
  /// a and b of fast waves, and of slow ones, for each query.
  private var fast, slow: [Float]

  init(
    _ queries: Span<Float>, _ mean: [Float], _ page: RotaryPage, scale: Float, position: Int
  ) {
    var original: [Double] = []
    for start in stride(from: 0, to: queries.count, by: mean.count) {
      var sines: [Double] = []
      for i in page.pairs {
        let (first, second) = page.rotary.pair(i)
        let (x, y) = (Double(queries[start + first]), Double(queries[start + second]))
        let (u, v) = (Double(mean[first]), Double(mean[second]))
        original.append(Double(scale) * (x * u + y * v))
        sines.append(Double(scale) * (y * u - x * v))
      }
      original += sines
    }
    self.page = page
    self.original = original
    self.position = position
    queryCount = queries.count / mean.count
    next = original
    fast = [Float](repeating: 0, count: queryCount * 2 * page.fastCount)
    slow = [Float](repeating: 0, count: original.count - fast.count)
    begin(at: position)
  }

  private mutating func begin(at first: Int) {
    position = first
    next = original
    let (cosines, sines) = page.rotary.phases(of: page.pairs, at: first)
    RotaryWaves.turn(&next, cosines, sines)
  }

  /// Adds `scale` · ⟨q, R_p·m⟩ to the scores of `rows` of a page, the first of which stands at `first`.
  ///
  /// Cheaper if the page follows the last one.
  mutating func add(
    _ kernels: Kernels, at first: Int, _ rows: Range<Int>, to scores: inout MutableSpan<Float>
  ) {
    if first - rows.lowerBound != position { begin(at: first - rows.lowerBound) }
    RotaryWaves.round(next, 0..<page.fastCount, of: page.pairs.count, to: &fast)
    RotaryWaves.round(next, page.fastCount..<page.pairs.count, of: page.pairs.count, to: &slow)
    RotaryWaves.turn(&next, page.cosines, page.sines)
    position += Page.rowCount
    if rows.count == Page.rowCount {
      addPage(kernels, to: &scores)
    } else {
      var sums = [Float](repeating: 0, count: queryCount * Page.rowCount)
      var target = sums.mutableSpan
      addPage(kernels, to: &target)
      for q in 0..<queryCount {
        for r in rows { scores[q * Page.rowCount + r] += target[q * Page.rowCount + r] }
      }
    }
  }

  private func addPage(_ kernels: Kernels, to scores: inout MutableSpan<Float>) {
    var used = scores._mutatingExtracting(0..<queryCount * Page.rowCount)
    kernels.combineRows(
      page.fast.span, width: Page.rowCount, weights: fast.span, stride: fast.count / queryCount,
      into: &used)
    guard !slow.isEmpty else { return }
    let nodes = page.polynomials.count / Page.rowCount
    var values = [Float](repeating: 0, count: queryCount * nodes)
    var target = values.mutableSpan
    kernels.combineRows(
      page.nodes.span, width: nodes, weights: slow.span, stride: slow.count / queryCount,
      into: &target)
    kernels.combineRows(
      page.polynomials.span, width: Page.rowCount, weights: values.span, stride: nodes,
      into: &used)
  }

  /// Waves as they are seen from a later position, that of the phases.
  private static func turn(_ waves: inout [Double], _ cosines: [Double], _ sines: [Double]) {
    let (cosines, sines, pairs) = (cosines.span, sines.span, cosines.count)
    var waves = waves.mutableSpan
    for start in stride(from: 0, to: waves.count, by: max(1, 2 * pairs)) {
      for i in 0..<pairs {
        let (a, b) = (waves[start + i], waves[start + pairs + i])
        waves[start + i] = cosines[i] * a + sines[i] * b
        waves[start + pairs + i] = cosines[i] * b - sines[i] * a
      }
    }
  }

  /// Writes a and b of some pairs of each query.
  private static func round(
    _ waves: [Double], _ some: Range<Int>, of pairs: Int, to weights: inout [Float]
  ) {
    let waves = waves.span
    var weights = weights.mutableSpan
    var place = 0
    for start in stride(from: 0, to: waves.count, by: max(1, pairs)) {
      for i in some {
        weights[place] = Float(waves[start + i])
        place += 1
      }
    }
  }
}
