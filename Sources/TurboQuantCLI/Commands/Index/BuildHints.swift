internal import TurboQuantIndex

/// What a sample of an index's rows says about options that would suit them better.
///
/// An estimated product errs in proportion to ‖x‖‖q‖√(1 − ρ²), ρ the cosine. Vectors of mean μ whose distance from
/// it is σ, root mean square, are √(‖μ‖² + σ²) long, and two of them have cosine ‖μ‖²/(‖μ‖² + σ²). With the mean
/// subtracted they are σ long and have cosine 0. So centring divides the error by √(1 + 2‖μ‖²/σ²), for products,
/// cosines and distances, where queries lie like the rows. From ‖μ‖² = 1.5 σ² on that is 2 and more: as much as
/// another bit per coordinate, which halves the error.
struct BuildHints: Sendable {
  private let metric: Metric
  private let isMetricChosen: Bool
  private let isCentred: Bool
  private let originals: Originals?
  private let dimension: Int
  /// One row of this many is looked at.
  private let step: Int

  private var count = 0
  private var sums: [Double]
  /// The sum of squared lengths; of directions for cosines.
  private var squares = 0.0
  private var shortest = Double.infinity
  private var longest = 0.0

  /// With so many rows the mean of the sample is off by a fortieth of σ.
  private static let sampleCount = 2048
  /// With fewer rows the mean may be long by chance.
  private static let fewestRows = 32
  /// Rows of such lengths count as unit vectors, rounded to half precision or not.
  private static let unitLengths = 0.99...1.01
  /// Float16 changes a coordinate by at most this fraction of it.
  private static let halfRounding = 0x1p-11

  init(_ options: IndexOptions, isMetricChosen: Bool, rows: Int, dimension: Int) {
    metric = options.metric
    isCentred = options.isCentred
    originals = options.originals
    self.isMetricChosen = isMetricChosen
    self.dimension = dimension
    step = max(1, rows / BuildHints.sampleCount)
    sums = [Double](repeating: 0, count: dimension)
  }

  /// Looks at some of the rows of a block, which begins with row `firstRow`.
  mutating func note(_ block: [Float], firstRow: Int) {
    let rows = block.count / dimension
    var row = (step - firstRow % step) % step
    while row < rows {
      note(block, at: row * dimension)
      row += step
    }
  }

  private mutating func note(_ block: [Float], at start: Int) {
    var square = 0.0
    for i in start..<start + dimension { square += Double(block[i]) * Double(block[i]) }
    let length = square.squareRoot()
    guard metric != .cosine || length > 0 else { return }
    let scale = metric == .cosine ? 1 / length : 1
    for i in 0..<dimension { sums[i] += scale * Double(block[start + i]) }
    squares += scale * scale * square
    shortest = min(shortest, length)
    longest = max(longest, length)
    count += 1
  }

  /// The hints, one per line.
  var lines: [String] {
    [metricHint, centeringHint, originalsHint].compactMap { $0 }.map { "hint: \($0)\n" }
  }

  private var metricHint: String? {
    guard !isMetricChosen, count > 0,
      !(BuildHints.unitLengths.contains(shortest) && BuildHints.unitLengths.contains(longest))
    else { return nil }
    let lengths = [shortest, longest].map { Numbers.significant($0, 3) }
    return
      "rows have lengths from \(lengths[0]) to \(lengths[1]), and the default --metric ip is no cosine "
      + "similarity then — say --metric cosine, l2 for distances, or ip to mean it"
  }

  private var centeringHint: String? {
    guard !isCentred, let (mean, spread) = lengths, mean * mean >= 1.5 * spread * spread
    else { return nil }
    let whose = metric == .cosine ? "the rows' directions" : "the rows"
    let gain =
      spread > 0
      ? "\(Numbers.significant((1 + 2 * mean * mean / (spread * spread)).squareRoot(), 2)) times"
      : "far"
    return "the mean of \(whose) is \(Numbers.significant(mean, 3)) long, and they are "
      + "\(Numbers.significant(spread, 3)) away from it — with --center scores of queries like them err "
      + "\(gain) less"
  }

  private var originalsHint: String? {
    guard originals == .float16, metric == .squaredEuclidean, let (mean, spread) = lengths else {
      return nil
    }
    let rounding = BuildHints.halfRounding * (mean * mean + spread * spread).squareRoot()
    // Distances of a sixteenth of the spread would be lost in it.
    guard rounding > spread / 16 else { return nil }
    return "float16 moves originals by up to \(Numbers.significant(rounding, 2)), and they are "
      + "\(Numbers.significant(spread, 3)) away from their mean — keep them with --originals float32"
  }

  /// ‖μ‖ and σ, if there are enough rows.
  private var lengths: (mean: Double, spread: Double)? {
    guard count >= BuildHints.fewestRows else { return nil }
    let n = Double(count)
    let meanSquare = sums.reduce(0) { $0 + $1 * $1 } / (n * n)
    let spreadSquare = max(0, (squares - n * meanSquare) / (n - 1))
    // The sample's scatter adds spread²/n to the squared mean; subtract it.
    return (max(0, meanSquare - spreadSquare / n).squareRoot(), spreadSquare.squareRoot())
  }
}
