internal import TurboQuant

/// The error of QJL's estimates of an inner product of unit vectors against the number of sign bits.
struct SketchRow: Encodable, Sendable {
  let sketch: String
  let dimension: Int
  let directions: Int
  let cosine: Double
  /// Root of the mean of (estimate − truth)², its standard error, and what the variance's formula says.
  let error: Double
  let standardError: Double
  let predicted: Double
  /// The share of errors beyond `epsilon`, and its standard error.
  let epsilon: Double
  let beyond: Double
  let beyondError: Double
  /// 2 exp(−mε²/π), and what QJL's Lemma 3.5 comes to, 2 exp(−¾mε²/(1 + ε)).
  let tailBound: Double
  let printedTailBound: Double

  enum CodingKeys: String, CodingKey {
    case sketch, dimension, directions, cosine, error, predicted, epsilon, beyond
    case standardError = "standard_error"
    case beyondError = "beyond_standard_error"
    case tailBound = "tail_bound"
    case printedTailBound = "printed_tail_bound"
  }

  /// Every kind of directions, half to four times as many as coordinates.
  static func measure(seed: UInt64) throws -> [SketchRow] {
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
      let own = try codec.reseeded(seed &+ number &+ 1)
      let pairs = UnitPairs(100, dimension: d, cosine: cosine, seed: seed ^ number << 32)
      let errors = try pairs.estimates(own, .twoStage).map { $0 - cosine }
      squares.add(errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count))
      beyond.add(Double(errors.count { abs($0) > epsilon }) / Double(errors.count))
    }
    let root = squares.mean.squareRoot()
    return SketchRow(
      sketch: "\(kind)", dimension: d, directions: directions, cosine: cosine, error: root,
      standardError: squares.standardError / (2 * root),
      predicted: (codec.sketch?.relativeVariance(cosine: cosine) ?? 0).squareRoot(),
      epsilon: epsilon, beyond: beyond.mean, beyondError: beyond.standardError,
      tailBound: ResidualSketch.tailBound(epsilon: epsilon, directions: directions),
      printedTailBound: 2
        * Portable.exp(-0.75 * Double(directions) * epsilon * epsilon / (1 + epsilon)))
  }

  static func table(_ rows: [SketchRow]) -> Table {
    var table = Table([
      ("QJL", .left), ("signs", .right), ("cosine", .right), ("error", .right), ("± SE", .right),
      ("predicted", .right), ("beyond ¼", .right), ("bound", .right), ("Lemma 3.5", .right),
    ])
    for row in rows {
      table.append([
        row.sketch, "\(row.directions)", Numbers.plain(row.cosine),
        Numbers.significant(row.error, 4),
        Numbers.significant(row.standardError, 1), Numbers.significant(row.predicted, 4),
        Numbers.significant(row.beyond, 3), Numbers.significant(row.tailBound, 3),
        Numbers.significant(row.printedTailBound, 3),
      ])
    }
    return table
  }
}

/// Softmax scores from QJL's estimates: m ≥ 2r²ε⁻² ln n sign bits keep all within 3ε (QJL, Theorem 3.6).
struct ScoreRow: Encodable, Sendable {
  let sketch: String
  let tokens: Int
  let epsilon: Double
  /// Of query and of every key.
  let norm: Double
  /// What is taken for the theorem's r: the norm itself, or the product of both norms.
  let r: Double
  let directions: Int
  /// The largest |score/exact − 1| of all keys: the median and the most over the sketches.
  let medianError: Double
  let largestError: Double

  enum CodingKeys: String, CodingKey {
    case sketch, tokens, epsilon, norm, r, directions
    case medianError = "median_relative_error"
    case largestError = "largest_relative_error"
  }

  /// Norm 2 with r the norm and r the product of norms, norm 4 with r the norm.
  static func measure(seed: UInt64) throws -> [ScoreRow] {
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
      let own = try codec.reseeded(seed &+ number &+ 1)
      let q = VectorSet.gaussian(count: 1, dimension: d, seed: ~(seed &+ number)).values
      let estimates = try own.values(own.prepare(q.span), own.encode(keys.values.span))
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

  static func table(_ rows: [ScoreRow]) -> Table {
    var table = Table([
      ("softmax scores", .left), ("norms", .right), ("r", .right), ("signs", .right),
      ("error, median", .right), ("largest", .right), ("promised", .right),
    ])
    for row in rows {
      table.append([
        row.sketch, Numbers.plain(row.norm), Numbers.plain(row.r), "\(row.directions)",
        Numbers.significant(row.medianError, 3), Numbers.significant(row.largestError, 3),
        Numbers.plain(3 * row.epsilon),
      ])
    }
    return table
  }
}
