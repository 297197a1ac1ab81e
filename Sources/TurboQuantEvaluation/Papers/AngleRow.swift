internal import TurboQuant

/// Counts of the angles at one level of the polar transform, beside the counts their law expects.
package struct AngleRow: Encodable, Sendable {
  /// Whether the vectors were rotated first.
  package let rotated: Bool
  package let level: Int
  package let count: Int
  /// Where the bins begin and end; all bins have the same width.
  package let low: Double
  package let high: Double
  package let counts: [Int]
  /// The law's probability of each bin.
  package let expected: [Double]
  /// The largest difference between the cumulative shares at the ends of bins.
  package let largestGap: Double
  /// If the law holds, 95% of samples of this size stay below this gap: Kolmogorov's 1.36/√n.
  package let usualGap: Double

  enum CodingKeys: String, CodingKey {
    case rotated, level, count, low, high, counts, expected
    case largestGap = "largest_gap"
    case usualGap = "usual_gap"
  }

  /// Measures the angles of `vectors`, once unrotated and once with a separate rotation per vector.
  package static func measure(_ vectors: VectorSet, seed: UInt64) throws -> [AngleRow] {
    let d = vectors.dimension
    let transform = try PolarTransform(dimension: d)
    return try [true, false].flatMap { rotated in
      var angles: [[Float]] = [[], [], [], []]
      for row in 0..<vectors.count {
        let x = Array(vectors.values[vectors.floats(row..<row + 1)])
        let y =
          rotated
          ? try Rotation(dimension: d, seed: seed &+ UInt64(row)).apply(to: x.span) : x
        let own = try transform.coordinates(of: y.span)
        for level in angles.indices { angles[level] += own.angles[level] }
      }
      return angles.enumerated().map { i, angles in
        AngleRow(rotated, level: i + 1, angles, transform.law(ofAngle: 0, atLevel: i + 1))
      }
    }
  }

  private init(_ rotated: Bool, level: Int, _ angles: [Float], _ law: AngleLaw) {
    let bins = 48
    (low, high) = (0, law.support == .circle ? 2 * .pi : .pi / 2)
    let width = high / Double(bins)
    var counts = [Int](repeating: 0, count: bins)
    for angle in angles { counts[min(bins - 1, Int(Double(angle) / width))] += 1 }
    expected = (0..<bins).map {
      law.probability(from: Double($0) * width, to: Double($0 + 1) * width)
    }
    var (gap, share, largest) = (0.0, 1 / Double(max(1, angles.count)), 0.0)
    for (found, wanted) in zip(counts, expected) {
      gap += Double(found) * share - wanted
      largest = max(largest, abs(gap))
    }
    self.rotated = rotated
    self.level = level
    count = angles.count
    self.counts = counts
    largestGap = largest
    usualGap = 1.36 * share.squareRoot()
  }
}
