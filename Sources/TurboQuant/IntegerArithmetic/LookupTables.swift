package import TurboQuantKernels

/// The lookup tables of queries, for planes of one bit per coordinate.
///
/// The bits of a coordinate stand for Σ ±`factors[p]` over the planes p.
package struct LookupTables: Sendable {
  /// The value of a set bit in each plane; a bit that is not set stands for the negative.
  private let factors: [Float]

  /// Creates tables for one or two planes.
  package init(factors: [Float]) {
    precondition((1...2).contains(factors.count) && factors.allSatisfy { $0 > 0 })
    self.factors = factors
  }

  /// The meaning of sums of entries: Σ ±factor · u is `step` · sum + `offset`.
  ///
  /// This is exact except for the rounding of `count` entries.
  package struct Meaning: Sendable {
    package let step: Double
    package let offset: Double
    package let count: Int
  }

  /// The meaning of sums over plane `plane` alone as Σ ±u, where `all` is the meaning of sums over all planes.
  package func meaning(ofPlane plane: Int, in all: Meaning) -> Meaning {
    Meaning(
      step: all.step / Double(factors[plane]),
      offset: all.offset / factors.reduce(0.0) { $0 + Double($1) },
      count: all.count / factors.count)
  }

  /// The entries of plane `plane`, taken from the entries `all` of all planes.
  package func entries(ofPlane plane: Int, in all: Span<UInt8>) -> [UInt8] {
    let (group, planes) = (BlockShape.tableByteCountPerGroup, factors.count)
    precondition(plane < planes && all.count % (group * planes) == 0)
    var entries = [UInt8](repeating: 0, count: all.count / planes)
    var span = entries.mutableSpan
    var output = span.mutableRaw
    for g in 0..<all.count / planes / group {
      let first = group * (planes * g + plane)
      output.copyBytes(of: all.raw.extracting(first..<first + group), to: group * g)
    }
    return entries
  }

  /// Appends the tables of a query in the order of the scans; entries are 0 … 127 in one common step.
  package func append(
    _ u: Span<Float>, to entries: inout [UInt8], _ kernels: Kernels
  ) -> Meaning {
    var padded = [Float](repeating: 0, count: (u.count + 7) / 8 * 8)
    for i in u.indices { padded[i] = u[i] }
    var (widest, total): (Float, Double) = (0, 0)
    for i in stride(from: 0, to: padded.count, by: 4) {
      let half = abs(padded[i]) + abs(padded[i + 1]) + abs(padded[i + 2]) + abs(padded[i + 3])
      widest = max(widest, half)
      total += Double(half)
    }
    let largest = factors.reduce(0, max)
    let inverse = widest > 0 ? 127 / (2 * widest * largest) : 0
    let scaled = factors.map { $0 * inverse }
    let start = entries.count
    entries.append(
      contentsOf: repeatElement(
        0, count: BlockShape.tableByteCount(columns: padded.count / 8, planes: factors.count)))
    var target = entries.mutableSpan
    kernels.fillLookupTables(padded.span, factors: scaled.span, into: &target, at: start)
    return Meaning(
      step: widest > 0 ? 1 / Double(inverse) : 0,
      offset: -total * factors.reduce(0.0) { $0 + Double($1) },
      count: padded.count / 4 * factors.count)
  }
}

extension LookupTables {
  /// The tables of a sign plane.
  package static let signs = LookupTables(factors: [1])

  /// The tables of two-bit codes: the four centroids ±c₂, ±c₃ are ±(c₂ + c₃)/2 ± (c₃ − c₂)/2.
  package static func twoBits(_ centroids: [Double]) -> LookupTables {
    LookupTables(
      factors: [
        Float((centroids[3] + centroids[2]) / 2), Float((centroids[3] - centroids[2]) / 2),
      ])
  }
}
