internal import TurboQuant

/// What says which rows of a search need not be read whole.
struct SearchRule: Sendable {
  let certificate: Certificate
  private let deviations: Certificate.Deviations

  /// The rule of a search for `count` rows, nil where all are read whole.
  init?(_ index: VectorIndex, _ exactness: Exactness, count: Int) throws(IndexError) {
    guard case .certified(let probability) = exactness else { return nil }
    guard probability > 0, probability <= 1 else {
      throw IndexError(
        .probabilityOutOfRange(probability),
        "a failure probability of \(probability); it must be above 0 and at most 1")
    }
    guard let certificate = index.certificate else { return nil }
    self.certificate = certificate
    deviations = Certificate.Deviations(
      certificate, failureProbability: probability / Double(count))
  }

  /// By what rows survive for one query: their signs, and then their first two bits, if those can be read alone.
  struct Survivals: Sendable {
    let signs: ScanGroup.Survival
    let twoBits: (survival: ScanGroup.Survival, estimate: TwoBitEstimate)?
  }

  /// What the rows of a group must show to matter to query `index` beside a row of mark `mark`; nil where nothing
  /// tells them apart.
  func survivals(_ index: Int, _ group: ScanGroup, _ mark: ScanGroup.Mark) -> Survivals? {
    guard
      let signs = group.survival(
        index, mark, certificate.signs, deviations: deviations.signs,
        group.signEstimate(index, certificate.signs))
    else { return nil }
    let twoBits = certificate.twoBits.flatMap { prefix in
      let estimate = group.twoBitEstimate(index, prefix)
      return group.survival(
        index, mark, prefix, deviations: deviations.twoBits, estimate.total
      ).map { (survival: $0, estimate: estimate) }
    }
    return Survivals(signs: signs, twoBits: twoBits)
  }
}
