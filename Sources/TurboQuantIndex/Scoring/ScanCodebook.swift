internal import TurboQuant
internal import TurboQuantKernels

/// A codebook in integers, as the scan kernels read it; the same for every query.
enum ScanCodebook: Sendable {
  /// One bit: the sign plane is the code.
  case signs(centroid: Double)
  /// Two bits: both planes in lookup tables.
  case lookup(LookupTables)
  /// Three and four bits: sixteen centroids in seven bits.
  case int8(centroids: [UInt8], IntegerCodebook)
  /// Eight bits: the positive centroids in twelve bits.
  case int16(magnitudes: [UInt16], IntegerCodebook)

  init(_ codebook: Codebook) {
    switch codebook.bits {
    case 1: self = .signs(centroid: codebook.exactCentroids[1])
    case 2: self = .lookup(LookupTables.twoBits(codebook.exactCentroids))
    default:
      let integers = IntegerCodebook(leastVariance: codebook)
      switch integers.numbers {
      case .int8(let biased):
        self = .int8(centroids: biased.indices.map { biased[$0] }, integers)
      case .int16(let positive): self = .int16(magnitudes: positive, integers)
      }
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
