package import TurboQuant
internal import TurboQuantThreads

/// One quantizer on real vectors: its size, its error, and how often it finds the nearest row.
package struct SearchRow: Encodable, Sendable {
  /// The values of k in 1@k.
  package static let places = [1, 2, 4, 8, 16, 32, 64]

  package let quantizer: String
  package let bits: Double
  package let estimator: String
  package let bytesPerVector: Int
  package let distortion: Double
  /// d times the mean of (estimate − truth)²/(‖x‖²‖q‖²) over all pairs, with the slope divided out first.
  package let productVariance: Double
  /// The least-squares slope of estimate on truth.
  package let slope: Double
  package let recallAt10: Double
  /// For each k of ``places``, how often the nearest row is among the k rows that look nearest.
  package let recall1AtK: [Double]
  package let dimension: Int
  package let count: Int
  package let queries: Int

  enum CodingKeys: String, CodingKey {
    case quantizer, bits, estimator, distortion, slope, dimension, count, queries
    case bytesPerVector = "bytes_per_vector"
    case productVariance = "product_variance_times_d"
    case recallAt10 = "recall_at_10"
    case recall1AtK = "recall_1_at_k"
  }

  /// All quantizers at 2 and 4 bits, and at the size of PolarQuant with bits 4,2,2,2.
  package static func configurations(dimension d: Int) -> [(Quantizer, Double)] {
    let polar = 31 * d / 8
    return [
      (.scalar, 2), (.scalar, 3), (.scalar, 3.5), (.scalar, 4), (.twoStage(), 2),
      (.twoStage(), 3.5), (.twoStage(), 4), (.qjl(), 2), (.qjl(directions: polar), 4),
      (.polar(), 3), (.polar(), 4),
    ]
  }

  package static func measure(
    _ evaluation: Evaluation, seed: UInt64, _ progress: @Sendable (Int) -> Void
  ) throws -> [SearchRow] {
    let d = evaluation.rows.dimension
    return try configurations(dimension: d).compactMap { quantizer, bits in
      guard let rate = Rate(bitsPerCoordinate: bits) else { return nil }
      let codec = try Codec(dimension: d, rate: rate, quantizer: quantizer, seed: seed)
      return try SearchRow(evaluation, evaluation.encoded(by: codec), progress)
    }
  }

  private init(
    _ evaluation: Evaluation, _ encoded: Evaluation.Encoded, _ progress: @Sendable (Int) -> Void
  ) throws {
    let codec = encoded.codec
    let outcomes = try Parallel.map(evaluation.queries.count, threads: evaluation.threads) {
      query in
      defer { progress(1) }
      return try evaluation.outcome(query, encoded, by: codec.standardEstimator)
    }
    let total = outcomes.reduce(Agreement()) { $0 + $1.agreement }
    let ranks = outcomes.map(\.rank)
    quantizer = codec.quantizer.name
    let stored = 8 * codec.layout.radii.upperBound
    bits = Double(stored) / Double(codec.dimension)
    estimator = codec.standardEstimator.rawValue
    bytesPerVector = codec.bytesPerVector
    distortion = encoded.distortion.mean
    slope = total.slope
    productVariance = Double(codec.dimension) * total.varianceOverSlope
    recallAt10 = total.recallAt10
    recall1AtK = Self.places.map { k in
      Double(ranks.count { $0 < k }) / Double(max(1, ranks.count))
    }
    dimension = codec.dimension
    count = evaluation.rows.count
    queries = ranks.count
  }
}
