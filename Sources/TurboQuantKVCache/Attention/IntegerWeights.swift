internal import TurboQuantKernels

/// The weights of some rows as integers, for a few queries.
struct IntegerWeights: Sendable {
  /// Weights per query.
  let rowCount: Int
  /// For centroids that are bytes: two planes per query.
  private(set) var planes: [Int8]
  /// What both planes of each query mean: `step` · (128 · first + second), and the sums of each plane.
  private var splits: [(step: Float, high: Int, low: Int)]
  /// For centroids that are words: one number per weight, and what one of them stands for.
  private(set) var words: [Int16]
  private var steps: [Float]

  init(rowCount: Int, queries: Int) {
    self.rowCount = rowCount
    planes = [Int8](repeating: 0, count: queries * 2 * rowCount)
    splits = [(step: Float, high: Int, low: Int)](repeating: (0, 0, 0), count: queries)
    words = [Int16](repeating: 0, count: queries * rowCount)
    steps = [Float](repeating: 0, count: queries)
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
      var all = planes.mutableSpan
      var target = all._mutatingExtracting(2 * q * rowCount..<2 * (q + 1) * rowCount)
      splits[q] = kernels.splitWeights(
        weights.extracting(q * rowCount..<(q + 1) * rowCount), scales: scales, into: &target)
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
    let step = split.step * Float(step)
    // Whole centroids are 64 more than they mean. Float32 holds these sums of integers exactly.
    let (high, low) = (Float(64 * split.high), Float(64 * split.low))
    let count = target.count
    let highs = sums.extracting(0..<count)
    let lows = sums.extracting(count..<2 * count)
    for i in 0..<count { target[i] += step * (128 * (highs[i] - high) + (lows[i] - low)) }
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
      var all = words.mutableSpan
      var target = all._mutatingExtracting(range)
      steps[q] = kernels.wholeWeights(weights.extracting(range), scales: scales, into: &target)
    }
  }

  /// Adds what the sums of query `q` mean to `target`; `step` is that of the centroids.
  func addWords(
    _ sums: Span<Float>, query q: Int, step: Double, to target: inout MutableSpan<Float>
  ) {
    let step = steps[q] * Float(step)
    for i in 0..<target.count { target[i] += step * sums[i] }
  }
}
