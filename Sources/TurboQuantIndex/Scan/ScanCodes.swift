internal import TurboQuant
internal import TurboQuantKernels

/// A codebook in whole numbers, as the scan kernels want it; the same for every query.
///
/// Whole numbers make sums exact, so that every target and thread count finds the same scores. What the
/// rounding adds to the codes' own variance is in Documentation/Numerics.md.
enum ScanCodes: Sendable {
  /// One bit: the sign plane is the code.
  case signs(centroid: Double)
  /// Two bits: both planes in lookup tables.
  case tables(LookupTables)
  /// Three and four bits: centroids c/step + 64 in seven bits.
  case products(centroids: [UInt8], step: Double)
  /// Eight bits: the positive centroids c/step in twelve bits; the others are their negatives.
  case wide(magnitudes: [UInt16], step: Double)

  init(_ codebook: Codebook) {
    switch codebook.bits {
    case 1: self = .signs(centroid: codebook.exactCentroids[1])
    case 2: self = .tables(LookupTables.twoBits(codebook.exactCentroids))
    case 3, 4:
      let step = ScanCodes.bestStep(codebook, largest: 63)
      let rounded = codebook.exactCentroids.map { UInt8(Portable.nearest($0 / step) + 64) }
      self = .products(
        centroids: rounded + [UInt8](repeating: 64, count: 16 - rounded.count), step: step)
    default:
      let largest = codebook.exactCentroids.last ?? 1
      let step = largest / 4095
      self = .wide(
        magnitudes: codebook.exactCentroids.suffix(128).map { UInt16(Portable.nearest($0 / step)) },
        step: step)
    }
  }

  /// Whether codes are nothing but signs.
  var areSigns: Bool {
    if case .signs = self { true } else { false }
  }

  /// Whether what a code comes to is the sum of what its signs and its second bits come to.
  var areSumsOfPlanes: Bool {
    if case .tables = self { true } else { false }
  }

  /// How many queries one pass over the codes serves.
  var queriesPerPass: Int {
    switch self {
    case .signs, .tables: BlockShape.tableQueries
    case .products, .wide: BlockShape.productQueries
    }
  }

  /// The step, among those that use most of the range, whose rounding costs least where coordinates
  /// fall most often: a few centroids leave room to choose.
  private static func bestStep(_ codebook: Codebook, largest: Int) -> Double {
    let centroids = codebook.exactCentroids
    guard let last = centroids.last, last > 0 else { return 1 }
    let scale = last / 2.7  // about one standard deviation of a coordinate
    let costs = (largest * 3 / 5...largest).map { count in
      let step = last / Double(count)
      let cost = centroids.reduce(0.0) { sum, c in
        let error = c - step * Double(Portable.nearest(c / step))
        let deviations = c / scale
        return sum + error * error * Portable.exp(-deviations * deviations / 2)
      }
      return (step: step, cost: cost)
    }
    return costs.min { $0.cost < $1.cost }?.step ?? last / Double(largest)
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
