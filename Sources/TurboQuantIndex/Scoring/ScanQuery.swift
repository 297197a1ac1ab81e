internal import TurboQuant
internal import TurboQuantKernels

/// How the keys of a metric come from estimated cosines; more is better.
///
/// key = ‖x‖·(scale · ρ̂ − normFactor · ‖x‖) + meanShare · t + constant, ‖x‖ = 1 where rows keep no norm,
/// t the row's component along the mean.
struct KeyLaw: Sendable {
  /// Inner product ‖q‖, cosine 1, squared distance 2‖q‖; q without its part along a mean, but for cosines
  /// in units of the whole query.
  let scale: Double
  /// Squared distance 1, else 0.
  let normFactor: Double
  /// Squared distance −‖q‖²; what centring adds.
  let constant: Double
  /// ⟨q, μ/‖μ‖⟩, 0 without a mean.
  var meanShare = 0.0

  /// The factors of keys from sums that mean ρ̂.
  func factors(_ sums: SumScale) -> SimilarityFactors {
    SimilarityFactors(
      step: Float(scale * sums.step), offset: Float(scale * sums.offset),
      normFactor: Float(normFactor), constant: Float(constant), alongFactor: Float(meanShare))
  }

  /// The cosine that a row of norm `norm` and component `along` needs for a key, or nil where no cosine
  /// matters.
  func cosine(forKey key: Double, norm: Double, along: Double) -> Double? {
    guard scale > 0, norm > 0 else { return nil }
    return ((key - constant - meanShare * along) / norm + normFactor * norm) / scale
  }
}

/// A group of queries that scan together.
struct ScanGroup: Sendable {
  let tables: QueryTables
  let laws: [KeyLaw]

  /// The number of queries.
  var count: Int { laws.count }

  /// What decides which rows are read on: those whose `factors` give a key of at least `threshold`.
  struct Survival: Sendable {
    let factors: SimilarityFactors
    let threshold: Float
  }

  /// What a row must reach: a key, and the norm and the component along the mean of the row that reached it.
  struct Mark: Sendable {
    let key: Float
    let norm: Float
    let along: Float
  }

  /// The survival rule of query `index` by first bits whose `sums` mean ρ̂ₚ; nil where the certificate has nothing to
  /// say.
  func survival(
    _ index: Int, _ mark: Mark, _ prefix: Certificate.Prefix, deviations: Double, _ sums: SumScale
  ) -> Survival? {
    let (law, key) = (laws[index], Double(mark.key))
    guard
      let cosine = law.cosine(forKey: key, norm: Double(mark.norm), along: Double(mark.along))
    else { return nil }
    let line = prefix.line(
      at: cosine, deviations: deviations, prefixRounding: sums.rounding,
      codeRounding: tables.codeScales[index].rounding)
    // ρ̂ₚ ≥ slope · c + intercept, c = ((key − constant − meanShare · t)/‖x‖ + normFactor · ‖x‖)/scale,
    // times ‖x‖ · scale.
    let factors = SimilarityFactors(
      step: Float(law.scale * sums.step),
      offset: Float(law.scale * (sums.offset - line.intercept)),
      normFactor: Float(line.slope * law.normFactor), constant: 0,
      alongFactor: Float(line.slope * law.meanShare))
    return Survival(factors: factors, threshold: Float(line.slope * (key - law.constant)))
  }

  /// What sums of signs mean as ρ̂ₚ.
  func signEstimate(_ index: Int, _ signs: Certificate.Prefix) -> SumScale {
    tables.signScales[index].scaled(by: signs.estimates[1])
  }

  /// What sums of signs and of second bits mean as ρ̂ₚ.
  func twoBitEstimate(_ index: Int, _ twoBits: Certificate.Prefix) -> TwoBitEstimate {
    // The four estimates are ±(e₃ + e₂)/2 ± (e₃ − e₂)/2.
    let (inner, outer) = (twoBits.estimates[2], twoBits.estimates[3])
    return TwoBitEstimate(
      signs: tables.signScales[index].scaled(by: (outer + inner) / 2),
      seconds: tables.secondScales[index].scaled(by: (outer - inner) / 2))
  }
}

/// What two sums, of signs and of second bits, mean when what they mean is added.
struct TwoBitEstimate: Sendable {
  let signs: SumScale
  let seconds: SumScale

  /// What signs.step · (sum of signs) + seconds.step · (sum of second bits) means.
  var total: SumScale {
    SumScale(
      step: 1, offset: signs.offset + seconds.offset,
      rounding: signs.rounding + seconds.rounding)
  }
}
