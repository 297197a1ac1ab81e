internal import TurboQuant
internal import TurboQuantKernels

/// How the keys of a metric come from estimated cosines; more is better.
///
/// key = ‖x‖·(scale · ρ̂ − normShare · ‖x‖) + meanShare · t + constant, ‖x‖ = 1 where rows keep no norm,
/// t the row's component along the mean.
struct KeyLaw: Sendable {
  /// Inner product ‖q‖, cosine 1, squared distance 2‖q‖; q without its part along a mean, but for cosines
  /// in units of the whole query.
  let scale: Double
  /// Squared distance 1, else 0.
  let normShare: Double
  /// Squared distance −‖q‖²; what centring adds.
  let constant: Double
  /// ⟨q, μ/‖μ‖⟩, 0 without a mean.
  var meanShare = 0.0

  /// The factors of keys from sums that mean ρ̂ times `length`.
  func factors(_ sums: SumScale, over length: Double = 1) -> KeyFactors {
    KeyFactors(
      step: Float(scale * sums.step / length), offset: Float(scale * sums.offset / length),
      normShare: Float(normShare), constant: Float(constant), alongShare: Float(meanShare))
  }

  /// The cosine that a row of norm `norm` and component `along` needs for a key, or nil where no cosine
  /// matters.
  func cosine(forKey key: Double, norm: Double, along: Double) -> Double? {
    guard scale > 0, norm > 0 else { return nil }
    return ((key - constant - meanShare * along) / norm + normShare * norm) / scale
  }
}

/// A group of queries that scan together.
struct ScanGroup: Sendable {
  let tables: QueryTables
  let laws: [KeyLaw]

  /// The number of queries.
  var count: Int { laws.count }

  /// What decides which rows' codes are read whole: rows whose `factors` give a key of at least
  /// `threshold`.
  struct Survival: Sendable {
    let factors: KeyFactors
    let threshold: Float
  }

  /// The survival rule of query `index` where a key of `key`, first reached by a row of norm `norm` and
  /// component `along`, must be matched; nil where the certificate has nothing to say.
  func survival(
    _ index: Int, key: Float, norm: Float, along: Float, deviations: Double,
    _ certificate: Certificate
  ) -> Survival? {
    let law = laws[index]
    guard
      let cosine = law.cosine(
        forKey: Double(key), norm: Double(norm), along: Double(along))
    else { return nil }
    let length = certificate.signLength
    let signs = tables.signScales[index]
    let noise = signs.variance / (length * length) + tables.codeScales[index].variance
    let line = certificate.line(at: cosine, deviations: deviations, noise: noise)
    // ρ̂₁ ≥ slope · c + intercept, c = ((key − constant − meanShare · t)/‖x‖ + normShare · ‖x‖)/scale,
    // times ‖x‖ · scale.
    let factors = KeyFactors(
      step: Float(law.scale * signs.step / length),
      offset: Float(law.scale * (signs.offset / length - line.intercept)),
      normShare: Float(line.slope * law.normShare), constant: 0,
      alongShare: Float(line.slope * law.meanShare))
    return Survival(
      factors: factors, threshold: Float(line.slope * (Double(key) - law.constant)))
  }
}
