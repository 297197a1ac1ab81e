package import TurboQuant

/// Estimates of the inner product of unit vectors, beside the paper's bound.
package struct ProductRow: Encodable, Sendable {
  package let quantizer: String
  package let sketch: Nullable<String>
  package let estimator: String
  package let dimension: Int
  package let bits: Int
  package let cosine: Double
  /// The mean estimate divided by the cosine; null at cosine 0.
  package let slope: Nullable<Double>
  package let slopeError: Nullable<Double>
  /// d times the mean of (estimate − truth)², and its standard error.
  package let squaredError: Double
  package let standardError: Double
  /// √3π² · 4⁻ᵇ (TurboQuant, Theorem 2) for two stages with Gaussian directions.
  package let upperBound: Nullable<Double>
  /// 4⁻ᵇ (Theorem 3).
  package let shannon: Double
  package let histogram: Histogram

  enum CodingKeys: String, CodingKey {
    case quantizer, sketch, estimator, dimension, bits, cosine, slope, shannon, histogram
    case slopeError = "slope_standard_error"
    case squaredError = "squared_error_times_d"
    case standardError = "standard_error"
    case upperBound = "upper_bound"
  }

  /// Counts of errors, multiplied by √d, in equal bins around 0.
  package struct Histogram: Encodable, Sendable {
    package let first: Double
    package let width: Double
    package let counts: [Int]

    /// Sixty bins over ± four standard deviations; errors beyond count in the outermost bins.
    init(_ errors: [Double]) {
      let square = errors.reduce(0) { $0 + $1 * $1 } / Double(max(1, errors.count))
      let reach = 4 * max(square.squareRoot(), 1e-9)
      var counts = [Int](repeating: 0, count: 60)
      for error in errors {
        let bin = Int(((error / reach + 1) * 30).rounded(.down))
        counts[min(59, max(0, bin))] += 1
      }
      first = -reach
      width = reach / 30
      self.counts = counts
    }
  }

  private static let dimension = 256
  private static let pairsASeed = 100

  /// Measures all variants at 1 … 4 bits.
  ///
  /// They are scalar codes read by reconstruction and renormalized, and two stages with either kind of
  /// directions.
  package static func measure(seed: UInt64) throws -> [ProductRow] {
    var rows: [ProductRow] = []
    for bits in 1...4 {
      for cosine in [0, 0.5] {
        for estimator in [Estimator.reconstruction, .renormalized] {
          rows.append(try row(.scalar, estimator, bits, cosine, seed))
        }
        for kind in [SketchKind.gaussian, .orthogonal] {
          let quantizer: Quantizer = bits == 1 ? .qjl(sketch: kind) : .twoStage(sketch: kind)
          rows.append(try row(quantizer, .twoStage, bits, cosine, seed))
        }
      }
    }
    return rows
  }

  private static func row(
    _ quantizer: Quantizer, _ estimator: Estimator, _ bits: Int, _ cosine: Double, _ seed: UInt64
  ) throws -> ProductRow {
    let d = dimension
    let codec = try Codec(dimension: d, rate: .bits(bits), quantizer: quantizer)
    var (slopes, squares, errors) = (Moments(), Moments(), [Double]())
    for number in 0..<UInt64(60) {
      // Pairs with the same seed share rotation and directions, so together they are one observation.
      let own = try codec.reseeded(with: seed &+ number &+ 1)
      let pairs = UnitPairs(pairsASeed, dimension: d, cosine: cosine, seed: seed ^ number << 32)
      let estimates = try pairs.estimates(own, estimator)
      let off = estimates.map { ($0 - cosine) * Double(d).squareRoot() }
      squares.add(off.reduce(0) { $0 + $1 * $1 } / Double(off.count))
      if cosine > 0 {
        slopes.add(estimates.reduce(0, +) / Double(estimates.count) / cosine)
      }
      errors += off
    }
    let isGaussian = codec.sketch?.kind == .gaussian
    let floor = pow4(-Double(bits))
    return ProductRow(
      quantizer: quantizer.name, sketch: Nullable(codec.sketch.map { "\($0.kind)" }),
      estimator: estimator.rawValue, dimension: d, bits: bits, cosine: cosine,
      slope: Nullable(cosine > 0 ? slopes.mean : nil),
      slopeError: Nullable(cosine > 0 ? slopes.standardError : nil), squaredError: squares.mean,
      standardError: squares.standardError,
      upperBound: Nullable(isGaussian ? 3.0.squareRoot() * .pi * .pi * floor : nil),
      shannon: floor, histogram: Histogram(errors))
  }
}

/// Pairs of unit vectors at a given cosine.
package struct UnitPairs: Sendable {
  private let first: VectorSet
  private let second: VectorSet

  package init(_ count: Int, dimension d: Int, cosine: Double, seed: UInt64) {
    first = VectorSet.gaussian(count: count, dimension: d, seed: seed)
    let other = VectorSet.gaussian(count: count, dimension: d, seed: ~seed)
    let sine = (1 - cosine * cosine).squareRoot()
    var values: [Float] = []
    for row in 0..<count {
      let (x, g) = (
        first.values[first.floats(row..<row + 1)], other.values[other.floats(row..<row + 1)]
      )
      let along = zip(x, g).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      let across = zip(x, g).map { Double($1) - along * Double($0) }
      let length = across.reduce(0) { $0 + $1 * $1 }.squareRoot()
      values += zip(x, across).map { Float(cosine * Double($0) + sine * $1 / length) }
    }
    second = VectorSet(values: values, dimension: d)
  }

  /// The codec's estimate for each pair.
  package func estimates(_ codec: Codec, _ estimator: Estimator) throws -> [Double] {
    let codes = try codec.encode(first.values.span)
    return try (0..<first.count).map { row in
      let query = try codec.prepare(
        second.values.span.extracting(second.floats(row..<row + 1)))
      return try codec.estimate(query, for: codes[row], by: estimator).value
    }
  }
}
