internal import TurboQuant
internal import TurboQuantKernels

/// The softmaxes of a few queries over the tokens seen so far; weights are relative to each query's largest
/// score.
///
/// The one-pass softmax of Milakov and Gimelshein (arXiv 1805.02867): when a larger score comes, the sums
/// are multiplied by the exponential of the difference.
struct RunningSoftmaxes: ~Copyable {
  /// The state of one query.
  struct State {
    /// The query sees the sinks before `visible`, and other tokens in `first` ..< `visible`.
    let first, visible: Int
    fileprivate(set) var largest: Float
    /// Σ exp(score − largest).
    fileprivate(set) var weightSum: Double
    /// The part of ``weightSum`` that belongs to tokens stored as codes.
    fileprivate(set) var codedWeight = 0.0
  }

  private(set) var states: [State]
  /// Scores of the current page, ``Page/rowCount`` per query; ``weigh(_:_:areSinks:areCodes:)`` makes weights of them.
  var scores: FloatBuffer
  /// Σ weight · value, one vector per query: of floats, and of codes in the rotated frame.
  var plain: FloatBuffer
  var rotated: FloatBuffer
  private let width: Int

  /// Pages whose weights are all below 2⁻³⁰ of the largest so far are left out of the sum of values.
  ///
  /// For n tokens this moves the output by at most n · 2⁻³⁰ of the longest value.
  static let negligible: Float = 20.79

  /// Begins with the sink logits, which have no value.
  init(
    valueDimension: Int, visible: [Int], _ positions: Positions, reach: Int?, sinkLogits: [Float]
  ) {
    width = valueDimension
    states = visible.indices.map { i in
      let first = positions.firstSeen(visible[i], reach)
      return sinkLogits.isEmpty
        ? State(first: first, visible: visible[i], largest: -.infinity, weightSum: 0)
        : State(first: first, visible: visible[i], largest: sinkLogits[i], weightSum: 1)
    }
    scores = FloatBuffer(count: visible.count * Page.rowCount)
    plain = FloatBuffer(count: visible.count * valueDimension)
    rotated = FloatBuffer(count: visible.count * valueDimension)
  }

  /// The number of queries.
  var count: Int { states.count }

  /// The first token, sinks aside, that any query sees.
  var firstSeen: Int { states.map(\.first).min() ?? 0 }

  /// Makes weights of the scores of at most a page of tokens; false if no query needs their values.
  mutating func weigh(
    _ kernels: Kernels, _ tokens: Range<Int>, areSinks: Bool, areCodes: Bool
  ) -> Bool {
    var matters = false
    for i in states.indices {
      let seen = (areSinks ? 0 : states[i].first)..<states[i].visible
      let clamped = seen.clamped(to: tokens)
      let rows =
        clamped.isEmpty
        ? 0..<0 : clamped.lowerBound - tokens.lowerBound..<clamped.upperBound - tokens.lowerBound
      if weigh(kernels, i, rows, areCodes: areCodes) { matters = true }
    }
    return matters
  }

  private mutating func weigh(
    _ kernels: Kernels, _ i: Int, _ seen: Range<Int>, areCodes: Bool
  ) -> Bool {
    let here = RunningSoftmaxes.largest(kernels, &scores, i, seen)
    let largest = max(states[i].largest, here)
    // No query has a score yet. A NaN passes on and shows in the sum.
    guard !(largest == -.infinity) else {
      RunningSoftmaxes.fill(&scores, i, 0..<Page.rowCount, with: 0)
      return false
    }
    let sum = RunningSoftmaxes.exponentials(kernels, &scores, i, shift: largest)
    if largest > states[i].largest { rescale(i, to: largest) }
    states[i].weightSum += sum
    if areCodes { states[i].codedWeight += sum }
    return !(here < largest - RunningSoftmaxes.negligible)
  }

  /// The largest of the scores of query `i` that are `seen`; the others become −∞.
  private static func largest(
    _ kernels: Kernels, _ scores: inout FloatBuffer, _ i: Int, _ seen: Range<Int>
  ) -> Float {
    fill(&scores, i, 0..<seen.lowerBound, with: -.infinity)
    fill(&scores, i, seen.upperBound..<Page.rowCount, with: -.infinity)
    let start = i * Page.rowCount
    return kernels.largest(
      scores.span.extracting(start + seen.lowerBound..<start + seen.upperBound))
  }

  private static func exponentials(
    _ kernels: Kernels, _ scores: inout FloatBuffer, _ i: Int, shift: Float
  ) -> Double {
    var all = scores.mutableSpan
    var target = all._mutatingExtracting(i * Page.rowCount..<(i + 1) * Page.rowCount)
    return Double(kernels.exponentials(&target, shift: shift))
  }

  private static func fill(
    _ scores: inout FloatBuffer, _ i: Int, _ rows: Range<Int>, with value: Float
  ) {
    var all = scores.mutableSpan
    for row in rows { all[i * Page.rowCount + row] = value }
  }

  private mutating func rescale(_ i: Int, to largest: Float) {
    let old = states[i].largest
    let factor = old == -.infinity ? 0 : exponential(old - largest)
    states[i].weightSum *= Double(factor)
    states[i].codedWeight *= Double(factor)
    states[i].largest = largest
    RunningSoftmaxes.scale(&plain, i * width..<(i + 1) * width, by: factor)
    RunningSoftmaxes.scale(&rotated, i * width..<(i + 1) * width, by: factor)
  }

  private static func scale(_ floats: inout FloatBuffer, _ range: Range<Int>, by factor: Float) {
    var target = floats.mutableSpan
    for i in range { target[i] *= factor }
  }
}

/// eˣ for x ≤ 0.
func exponential(_ x: Float) -> Float {
  x < -87 ? 0 : Float(Portable.exp(Double(x)))
}
