internal import TurboQuantKernels

/// The weights of some rows as integers, for a few queries.
struct IntegerWeights: Sendable {
  /// Weights per query.
  let rowCount: Int
  /// For centroids that are bytes: two planes per query.
  private(set) var planes: [Int8]
  /// What both planes of each query mean: `factor` · `step` · (128 · first + second), and the sums of each plane.
  private var splits: [(step: Float, high: Int, low: Int, factor: Float)]
  /// For centroids that are words: one number per weight, and what one of them stands for, `factor` · `step`.
  private(set) var words: [Int16]
  private var steps: [(step: Float, factor: Float)]

  /// Whether the kernels may have made zeros of all products of weight and scale, which they do below 2⁻¹⁰⁰.
  ///
  /// Steps are smaller than the largest product by up to 2¹³.
  private static func isSmall(_ step: Float) -> Bool { step > 0 && step < 0x1p-111 }

  /// By what weights are multiplied then; the products, which were below 2⁻⁹⁸, stay in float32.
  private static let enlargement: Float = 0x1p100

  private static func enlarged(_ weights: Span<Float>) -> [Float] {
    [Float](capacity: weights.count) { output in
      for i in weights.indices { output.append(enlargement * weights[i]) }
    }
  }

  init(rowCount: Int, queries: Int) {
    self.rowCount = rowCount
    planes = [Int8](repeating: 0, count: queries * 2 * rowCount)
    splits = [(step: Float, high: Int, low: Int, factor: Float)](
      repeating: (0, 0, 0, 1), count: queries)
    words = [Int16](repeating: 0, count: queries * rowCount)
    steps = [(step: Float, factor: Float)](repeating: (0, 1), count: queries)
  }
}

// MARK: Centroids that are bytes

extension IntegerWeights {
  /// Takes `weights` times the rows' `scales`, for the first `queries` queries.
  mutating func setPlanes(
    _ kernels: Kernels, _ weights: Span<Float>, scales: RawSpan, queries: Int
  ) {
    let rowCount = rowCount
    for q in 0..<queries {
      let some = weights.extracting(q * rowCount..<(q + 1) * rowCount)
      var all = planes.mutableSpan
      var target = all._mutatingExtracting(2 * q * rowCount..<2 * (q + 1) * rowCount)
      var (split, factor) = (kernels.splitWeights(some, scales: scales, into: &target), Float(1))
      if IntegerWeights.isSmall(split.step) {
        let large = IntegerWeights.enlarged(some)
        split = kernels.splitWeights(large.span, scales: scales, into: &target)
        factor = 1 / IntegerWeights.enlargement
      }
      splits[q] = (split.step, split.high, split.low, factor)
    }
  }

  /// Adds what the sums over both planes of query `q` mean to `target`.
  ///
  /// - Parameters:
  ///   - sums: Those of the first plane, then those of the second.
  ///   - step: That of the centroids.
  func addPlanes(
    _ sums: Span<Float>, query q: Int, step: Double, to target: inout MutableSpan<Float>
  ) {
    let split = splits[q]
    let (step, factor) = (split.step * Float(step), split.factor)
    // Whole centroids are 64 more than they mean. Float32 holds these sums of integers exactly.
    let (high, low) = (Float(64 * split.high), Float(64 * split.low))
    let count = target.count
    let highs = sums.extracting(0..<count)
    let lows = sums.extracting(count..<2 * count)
    for i in 0..<count {
      target[i] += factor * (step * (128 * (highs[i] - high) + (lows[i] - low)))
    }
  }
}

// MARK: Centroids that are words

extension IntegerWeights {
  /// Takes `weights` times the rows' `scales`, for the first `queries` queries.
  mutating func setWords(
    _ kernels: Kernels, _ weights: Span<Float>, scales: RawSpan, queries: Int
  ) {
    let rowCount = rowCount
    for q in 0..<queries {
      let range = q * rowCount..<(q + 1) * rowCount
      let some = weights.extracting(range)
      var all = words.mutableSpan
      var target = all._mutatingExtracting(range)
      var (step, factor) = (kernels.wholeWeights(some, scales: scales, into: &target), Float(1))
      if IntegerWeights.isSmall(step) {
        let large = IntegerWeights.enlarged(some)
        step = kernels.wholeWeights(large.span, scales: scales, into: &target)
        factor = 1 / IntegerWeights.enlargement
      }
      steps[q] = (step, factor)
    }
  }

  /// Adds what the sums of query `q` mean to `target`; `step` is that of the centroids.
  func addWords(
    _ sums: Span<Float>, query q: Int, step: Double, to target: inout MutableSpan<Float>
  ) {
    let (step, factor) = (steps[q].step * Float(step), steps[q].factor)
    for i in 0..<target.count { target[i] += factor * (step * sums[i]) }
  }
}
