import TestSupport
import Testing
import TurboQuant
import TurboQuantIndex

/// Scans work in whole numbers; what that costs in accuracy is bounded here.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct RoundingTests {
  /// Rounding may add at most 5% to the codes' own variance (Documentation/Numerics.md).
  ///
  /// The ratio's relative standard error over 400 × 8 pairs is below √(2/3200)·√2 < 4%; the bound is on
  /// the ratio plus nothing, for what is measured lies well below it.
  @Test(arguments: [1, 2, 3, 4, 8], [64, 100, 384, 1536])
  func addsLittleVariance(bits: Int, dimension: Int) throws {
    let (rows, queries) = (400, 8)
    var stream = RandomStream(seed: 20, purpose: .testData)
    func unitVectors(_ count: Int) -> [Float] {
      (0..<count).flatMap { _ in
        let x = (0..<dimension).map { _ in stream.nextNormal() }
        let norm = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return x.map { Float($0 / norm) }
      }
    }
    let vectors = unitVectors(rows)
    let asked = unitVectors(queries)
    var index = try VectorIndex(dimension: dimension, bits: bits, seed: 4)
    try index.add(vectors)
    let codes = try index.codec.encode(vectors.span)
    let hits = try index.search(
      asked, count: rows, options: SearchOptions(exactness: .exhaustive))
    var (rounding, own) = (0.0, 0.0)
    for (number, list) in hits.enumerated() {
      let q = asked.span.extracting(number * dimension..<(number + 1) * dimension)
      let estimates = try index.codec.estimates(try index.codec.prepare(q), for: codes)
      #expect(list.count == rows)
      for hit in list {
        let estimate = estimates[Int(hit.id)]
        let difference = Double(hit.score) - estimate.value
        rounding += difference * difference
        own += estimate.standardError * estimate.standardError
      }
    }
    print(
      "rounding, \(bits) bits, d = \(dimension): \(100 * rounding / own)% of the code's variance")
    #expect(rounding <= 0.05 * own, "\(100 * rounding / own)% at \(bits) bits, d = \(dimension)")
  }
}
