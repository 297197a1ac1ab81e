internal import TurboQuant
internal import TurboQuantKernels

/// A codebook in integers, as the scan kernels read it; the same for every query.
///
/// Sums of integers are exact, so every target and thread count finds the same scores. Documentation/Numerics.md says
/// what the rounding adds to the codes' variance.
enum IntegerCodebook: Sendable {
  /// One bit: the sign plane is the code.
  case signs(centroid: Double)
  /// Two bits: both planes in lookup tables.
  case lookup(LookupTables)
  /// Three and four bits: centroids c/step + 64 in seven bits.
  case int8(centroids: [UInt8], Meaning)
  /// Eight bits: the positive centroids c/step in twelve bits; the others are their negatives.
  case int16(magnitudes: [UInt16], Meaning)

  /// What integers stand for: `step` each.
  struct Meaning: Sendable {
    let step: Double
    /// What rounding the centroids adds to the variance of ⟨ŷ, u⟩.
    let rounding: CosineError
    /// The distortion of the codebook.
    let distortion: Double
  }

  init(_ codebook: Codebook) {
    switch codebook.bits {
    case 1: self = .signs(centroid: codebook.exactCentroids[1])
    case 2: self = .lookup(LookupTables.twoBits(codebook.exactCentroids))
    case 3, 4:
      let (numbers, meaning) = codebook.integerCentroids(smallest: 38, largest: 63)
      let upper = numbers.map { UInt8(64 + $0) }
      let all = upper.map { 128 - $0 }.reversed() + upper
      self = .int8(
        centroids: all + [UInt8](repeating: 64, count: 16 - all.count), meaning)
    default:
      let (numbers, meaning) = codebook.integerCentroids(smallest: 4095, largest: 4095)
      self = .int16(magnitudes: numbers.map { UInt16($0) }, meaning)
    }
  }

  /// Whether codes are nothing but signs.
  var areSigns: Bool {
    if case .signs = self { true } else { false }
  }

  /// Whether the value of a code is the sum of a value of its sign and one of its second bit.
  var areSumsOfPlanes: Bool {
    if case .lookup = self { true } else { false }
  }

  /// How many queries one pass over the codes serves.
  var queriesPerPass: Int {
    switch self {
    case .signs, .lookup: BlockShape.tableQueries
    case .int8, .int16: BlockShape.productQueries
    }
  }
}

extension Codebook {
  /// The upper half of the centroids as integers, the last of them in `smallest` … `largest`.
  ///
  /// The step makes the mean of ⟨û, ŷ′⟩ over rows, with ŷ′ the rounded code, 1 − D, which is the mean of ⟨û, ŷ⟩. Of all
  /// integers in range, those are chosen for which ⟨û, ŷ′⟩ varies least from row to row: only that error is left if a
  /// query has the direction of the row.
  fileprivate func integerCentroids(
    smallest: Int, largest: Int
  ) -> (numbers: [Int], IntegerCodebook.Meaning) {
    let upper = Array(exactCentroids.suffix(exactCentroids.count / 2))
    guard case .sphere(let d) = law, d > 1, let last = upper.last, last > 0 else {
      // One coordinate is ±1 and always the outermost centroid.
      let step = (upper.last ?? 1) / Double(largest)
      return (
        upper.map { Portable.nearest($0 / step) },
        IntegerCodebook.Meaning(step: step, rounding: CosineError(everywhere: 0), distortion: 0)
      )
    }
    let moments = moments(bits: bits)
    let deviations = upper.map { $0 / law.scale }
    // At cosine 0 the query's rounding adds up to 2.5% to the variance; both together may add 5%.
    let mostAcross = 0.02 * distortion * (1 - distortion)
    var best: (numbers: [Int], step: Double, rounding: CosineError)?
    // Eight steps from each whole number of the last centroid to the next.
    for count in 8 * smallest...8 * largest {
      let numbers = deviations.map {
        Portable.nearest($0 / (last / law.scale) * Double(count) / 8)
      }
      let (step, rounding) = meaning(of: numbers, deviations, moments)
      let order = (max(rounding.across, mostAcross), rounding.along)
      if let best, order >= (max(best.rounding.across, mostAcross), best.rounding.along) {
        continue
      }
      best = (numbers, step, rounding)
    }
    guard let best else { preconditionFailure("no numbers from \(smallest) to \(largest)") }
    return (
      best.numbers,
      IntegerCodebook.Meaning(
        step: best.step * law.scale,
        rounding: best.rounding.scaled(by: law.scale), distortion: distortion)
    )
  }

  /// The step of some integers, in deviations, and d times the variance that they add to ⟨ŷ, u⟩.
  private func meaning(
    of numbers: [Int], _ deviations: [Double], _ moments: CellMoments
  ) -> (step: Double, CosineError) {
    let floats = numbers.map { Double($0) }
    let step = (1 - distortion) / moments.alignment(of: floats).mean
    let errors = zip(floats, deviations).map { step * $0 - $1 }
    let across = zip(errors, moments.mass).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
    return (
      step, CosineError(across: across, along: moments.alignment(of: errors).variance)
    )
  }
}

extension LookupTables {
  /// The tables of a sign plane.
  static let signs = LookupTables(factors: [1])

  /// The tables of two-bit codes: the four centroids ±c₂, ±c₃ are ±(c₂ + c₃)/2 ± (c₃ − c₂)/2.
  static func twoBits(_ centroids: [Double]) -> LookupTables {
    LookupTables(
      factors: [
        Float((centroids[3] + centroids[2]) / 2), Float((centroids[3] - centroids[2]) / 2),
      ])
  }
}
