// The certificate applied to one search: what the first bits of a row must show for it to be read whole.

internal import TurboQuant
internal import TurboQuantKernels

/// What says which rows of a search need not be read whole.
struct CertificateRule: Sendable {
  let certificate: Certificate
  private let deviations: Certificate.Deviations

  /// Refuses what is no probability.
  static func check(_ exactness: Exactness) throws(IndexError) {
    guard case .certified(let probability) = exactness else { return }
    guard probability > 0, probability <= 1 else {
      throw IndexError(
        .probabilityOutOfRange(probability),
        "a failure probability of \(probability); it must be above 0 and at most 1")
    }
  }

  /// The rule of a search for `count` rows, nil where all are read whole; takes as long as scanning a thousand rows.
  init?(_ index: VectorIndex, _ exactness: Exactness, count: Int) {
    guard case .certified(let probability) = exactness, let certificate = index.certificate else {
      return nil
    }
    self.certificate = certificate
    deviations = Certificate.Deviations(
      certificate, failureProbability: probability / Double(count))
  }

  /// The cutoffs of one query: for signs, and for the first two bits where the second can be read alone.
  struct Cutoffs: Sendable {
    let signs: PrefixCutoff
    let twoBits: (cutoff: PrefixCutoff, scale: TwoPlaneScale)?
  }

  /// What rows must show to reach `target` for a query of a group; nil where nothing tells them apart.
  func cutoffs(_ query: Int, _ group: QueryGroup, reaching target: SimilarityTarget) -> Cutoffs? {
    guard
      let signs = group.cutoff(
        query, target, certificate.signs, deviations: deviations.signs,
        group.signScale(query, certificate.signs))
    else { return nil }
    let twoBits = certificate.twoBits.flatMap { prefix in
      let scale = group.twoPlaneScale(query, prefix)
      return group.cutoff(query, target, prefix, deviations: deviations.twoBits, scale.total)
        .map { (cutoff: $0, scale: scale) }
    }
    return Cutoffs(signs: signs, twoBits: twoBits)
  }
}

/// A similarity to reach, with the scalars of the row that has it.
struct SimilarityTarget {
  let similarity: Double
  let norm: Double
  let component: Double

  init(_ row: RankedRow, _ store: RowStore) throws(IndexError) {
    similarity = Double(row.similarity)
    norm = Double(try store.scalar(.norms, at: row.slot))
    component = Double(try store.scalar(.centerComponents, at: row.slot))
  }
}

/// What the first bits of a row must show: a similarity, by these factors, of at least this one.
struct PrefixCutoff: Sendable {
  let factors: SimilarityFactors
  let similarity: Float
}

/// What a sum of signs and a sum of second bits mean; the meanings are added.
struct TwoPlaneScale: Sendable {
  let signs: SumScale
  let seconds: SumScale

  /// What signs.step · (sum of signs) + seconds.step · (sum of second bits) means.
  var total: SumScale {
    SumScale(
      step: 1, offset: signs.offset + seconds.offset,
      rounding: signs.rounding + seconds.rounding)
  }
}

extension QueryGroup {
  /// The cutoff of a query for first bits whose `sums` mean ρ̂ₚ; nil where the certificate has nothing to say.
  fileprivate func cutoff(
    _ query: Int, _ target: SimilarityTarget, _ prefix: Certificate.Prefix, deviations: Double,
    _ sums: SumScale
  ) -> PrefixCutoff? {
    let formula = formulas[query]
    guard
      let cosine = formula.cosine(
        forSimilarity: target.similarity, norm: target.norm, component: target.component)
    else { return nil }
    let line = prefix.line(
      at: cosine, deviations: deviations, prefixRounding: sums.rounding,
      codeRounding: tables.codeScales[query].rounding)
    // ρ̂ₚ ≥ slope · c + intercept, c the cosine that the row needs (SimilarityFormula), times ‖x‖ · scale.
    let factors = SimilarityFactors(
      step: Float(formula.scale * sums.step),
      offset: Float(formula.scale * (sums.offset - line.intercept)),
      normFactor: Float(line.slope * formula.normFactor), constant: 0,
      alongFactor: Float(line.slope * formula.componentFactor))
    return PrefixCutoff(
      factors: factors,
      similarity: Float(line.slope * (target.similarity - formula.constant)))
  }

  /// What sums of signs mean as ρ̂ₚ.
  func signScale(_ query: Int, _ signs: Certificate.Prefix) -> SumScale {
    tables.signScales[query].scaled(by: signs.estimates[1])
  }

  /// What sums of signs and of second bits mean as ρ̂ₚ.
  func twoPlaneScale(_ query: Int, _ twoBits: Certificate.Prefix) -> TwoPlaneScale {
    // The four estimates are ±(e₃ + e₂)/2 ± (e₃ − e₂)/2.
    let (inner, outer) = (twoBits.estimates[2], twoBits.estimates[3])
    return TwoPlaneScale(
      signs: tables.signScales[query].scaled(by: (outer + inner) / 2),
      seconds: tables.secondScales[query].scaled(by: (outer - inner) / 2))
  }
}
