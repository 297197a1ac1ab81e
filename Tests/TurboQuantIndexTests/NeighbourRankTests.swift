import Testing
import TurboQuant

@testable import TurboQuantIndex

/// Whole numbers must not cost a near neighbour its rank.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct NeighbourRankTests {
  /// 300 queries, each at cosine .999 to one row and at .997 to twenty others: how often that row comes first by scores
  /// in whole numbers, and how often by the same codes' products in floating point.
  ///
  /// Both rank the same codes, so that most differences cancel: each pair of outcomes differs in at most a few of a
  /// hundred trials. What whole numbers may lose is 2% of trials and three deviations of a binomial count of those.
  @Test(arguments: [1, 2, 3, 4, 8]) func keepsTheRank(bits: Int) throws {
    let (d, trials, others) = (384, 300, 20)
    var (whole, float) = (0, 0)
    for trial in 0..<trials {
      var dice = Dice(seed: UInt64(trial))
      let q = dice.normals(d)
      // `query(atCosine:)` makes rows around the query as well as queries around a row.
      let rows = (0...others).flatMap {
        CoverageTests.query(atCosine: $0 == 0 ? 0.999 : 0.997, to: q, &dice)
      }
      let kind = try IndexKind(dimension: d, bits: bits, metric: .cosine, seed: UInt64(trial))
      let index = try kind.index(rows)
      let hits = try index.search(q, count: 1, options: .exhaustive)[0]
      if hits[0].id == 0 { whole += 1 }
      let query = try index.codec.prepare(q.span)
      let values = try index.codec.values(query, index.codec.encode(rows.span))
      if values.indices.max(by: { values[$0] < values[$1] }) == 0 { float += 1 }
    }
    print("rank at cosine .999, \(bits) bits: \(whole) of \(trials), in floating point \(float)")
    let lost = Double(float - whole)
    let allowed = 0.02 * Double(trials)
    #expect(lost <= allowed + 3 * allowed.squareRoot(), "seeds 0 to \(trials - 1)")
  }
}
