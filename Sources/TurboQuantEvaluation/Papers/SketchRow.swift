internal import TurboQuant

/// The error of QJL's estimate of unit vectors' inner product, by the number of sign bits.
package struct SketchRow: Encodable, Sendable {
  package let sketch: String
  package let dimension: Int
  package let directions: Int
  package let cosine: Double
  /// The root of the mean of (estimate − truth)², its standard error, and the variance formula's value.
  package let error: Double
  package let standardError: Double
  package let predicted: Double
  /// The share of errors beyond `epsilon`, and its standard error.
  package let epsilon: Double
  package let beyond: Double
  package let beyondError: Double
  /// 2 exp(−mε²/π), and the bound of QJL's Lemma 3.5, 2 exp(−¾mε²/(1 + ε)).
  package let tailBound: Double
  package let printedTailBound: Double

  enum CodingKeys: String, CodingKey {
    case sketch, dimension, directions, cosine, error, predicted, epsilon, beyond
    case standardError = "standard_error"
    case beyondError = "beyond_standard_error"
    case tailBound = "tail_bound"
    case printedTailBound = "printed_tail_bound"
  }

  /// Measures every kind of directions; their number is half to four times the dimension.
  package static func measure(seed: UInt64) throws -> [SketchRow] {
    try SketchKind.allCases.flatMap { kind in
      try [0, 0.5].flatMap { cosine in
        try [64, 128, 256, 512].map { try row(kind, directions: $0, cosine, seed) }
      }
    }
  }

  private static func row(
    _ kind: SketchKind, directions: Int, _ cosine: Double, _ seed: UInt64
  ) throws -> SketchRow {
    let (d, epsilon) = (128, 0.25)
    let codec = try Codec(
      dimension: d, rate: .bits(1), quantizer: .qjl(sketch: kind, directions: directions))
    var (squares, beyond) = (Moments(), Moments())
    for number in 0..<UInt64(200) {
      let own = try codec.reseeded(with: seed &+ number &+ 1)
      let pairs = UnitPairs(100, dimension: d, cosine: cosine, seed: seed ^ number << 32)
      let errors = try pairs.estimates(own, .twoStage).map { $0 - cosine }
      squares.add(errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count))
      beyond.add(Double(errors.count { abs($0) > epsilon }) / Double(errors.count))
    }
    let root = squares.mean.squareRoot()
    return SketchRow(
      sketch: "\(kind)", dimension: d, directions: directions, cosine: cosine, error: root,
      standardError: squares.standardError / (2 * root),
      predicted: (codec.sketch?.relativeVariance(atCosine: cosine) ?? 0).squareRoot(),
      epsilon: epsilon, beyond: beyond.mean, beyondError: beyond.standardError,
      tailBound: ResidualSketch.tailBound(epsilon: epsilon, directions: directions),
      printedTailBound: 2
        * Portable.exp(-0.75 * Double(directions) * epsilon * epsilon / (1 + epsilon)))
  }
}

/// Softmax scores from QJL's estimates: m ≥ 2r²ε⁻² ln n sign bits keep all within 3ε (QJL, Theorem 3.6).
package struct ScoreRow: Encodable, Sendable {
  package let sketch: String
  package let tokens: Int
  package let epsilon: Double
  /// The norm of the query and of every key.
  package let norm: Double
  /// The value used for the theorem's r: the norm itself, or the product of both norms.
  package let r: Double
  package let directions: Int
  /// The largest |score/exact − 1| over all keys: its median and its maximum over the sketches.
  package let medianError: Double
  package let largestError: Double

  enum CodingKeys: String, CodingKey {
    case sketch, tokens, epsilon, norm, r, directions
    case medianError = "median_relative_error"
    case largestError = "largest_relative_error"
  }

  /// Measures norm 2 with both choices of r, and norm 4 with the norm as r.
  package static func measure(seed: UInt64) throws -> [ScoreRow] {
    try [SketchKind.gaussian, .orthogonal].flatMap { kind in
      try [(2, 2), (2, 4), (4, 4)].map { try row(kind, norm: $0.0, r: $0.1, seed) }
    }
  }

  private static func row(
    _ kind: SketchKind, norm: Double, r: Double, _ seed: UInt64
  ) throws -> ScoreRow {
    let (d, tokens, epsilon) = (128, 1024, 0.5)
    let directions = Int(
      (2 * r * r / (epsilon * epsilon) * Portable.log(Double(tokens))).rounded(.up))
    let keys = VectorSet.gaussian(count: tokens, dimension: d, seed: seed)
    let codec = try Codec(
      dimension: d, rate: .bits(1), quantizer: .qjl(sketch: kind, directions: directions))
    var largest: [Double] = []
    for number in 0..<UInt64(20) {
      let own = try codec.reseeded(with: seed &+ number &+ 1)
      let q = VectorSet.gaussian(count: 1, dimension: d, seed: ~(seed &+ number)).values
      let estimates = try own.values(own.prepare(q.span), for: own.encode(keys.values.span))
      let exact = (0..<tokens).map { row in
        zip(q, keys.values[keys.floats(row..<row + 1)]).reduce(0.0) {
          $0 + Double($1.0) * Double($1.1)
        }
      }
      func scores(_ products: [Double]) -> [Double] {
        let weights = products.map { Portable.exp($0 * norm * norm) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
      }
      largest.append(
        zip(scores(estimates), scores(exact)).reduce(0) { max($0, abs($1.0 / $1.1 - 1)) })
    }
    return ScoreRow(
      sketch: "\(kind)", tokens: tokens, epsilon: epsilon, norm: norm, r: r,
      directions: directions, medianError: largest.median, largestError: largest.max() ?? 0)
  }
}
