import Testing
import TurboQuant

@testable import TurboQuantEvaluation

@Suite("Evaluation")
struct EvaluationTests {
  @Test("The best rows come first, and of equal scores the lower row")
  func topList() {
    var list = TopList<Double>(3)
    for (row, score) in [1.0, 5, 3, 5, 3, 9, 3].enumerated() { list.offer(row, score) }
    #expect(list.rows == [5, 1, 3])
  }

  @Test("Exact search agrees with a plain loop", arguments: [(1, 1), (70, 17), (150, 40)])
  func groundTruth(count: Int, dimension: Int) {
    let rows = VectorSet.gaussian(count: count, dimension: dimension, seed: 1)
    let queries = VectorSet.gaussian(count: 11, dimension: dimension, seed: 2)
    let truth = GroundTruth(rows: rows, queries: queries, threads: 2) { _ in }
    for query in 0..<queries.count {
      let products = (0..<count).map { row in
        zip(
          rows.values[rows.floats(row..<row + 1)], queries.values[queries.floats(query..<query + 1)]
        )
        .reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      }
      #expect(truth.nearest[query].rows.count == min(10, count))
      for (row, product) in products.enumerated() {
        // Sums of d products of unit vectors' coordinates, each step rounded to float32.
        let bound = Double(dimension + 1) * 0x1p-24
        #expect(abs(Double(truth.products[query][row]) - product) <= bound)
      }
      let best = products.indices.sorted { (products[$0], -$0) > (products[$1], -$1) }
      #expect(truth.nearest[query].rows.first == best.first)
    }
  }

  @Test("Rows taken out as queries are rows, and the others stay in order")
  func split() {
    let all = VectorSet(values: (0..<100).map { Float($0) }, dimension: 1)
    let (rows, queries) = all.splittingOff(queryCount: 10, seed: 3)
    #expect(queries.count == 10)
    #expect((rows.values + queries.values).sorted() == all.values)
    #expect(rows.values == rows.values.sorted())
    #expect(all.splittingOff(queryCount: 10, seed: 3).queries.values == queries.values)
  }

  @Test("Perfect estimates have no bias and no error")
  func agreement() {
    var agreement = Agreement()
    for value in [0.5, -0.25, 0.125] {
      agreement.addPair(estimate: value, truth: value, scale: 1)
    }
    agreement.addSearch(found: [3, 1, 2], expected: [3, 2, 7])
    agreement.addSearch(found: [1, 3], expected: [3, 1])
    #expect(agreement.slope == 1)
    #expect(agreement.rootMeanSquare == 0)
    #expect(agreement.recallAt10 == 4.0 / 5)
    #expect(agreement.recall1At1 == 0.5)
    #expect(agreement.recall1At10 == 1)
  }

  @Test("Mean, standard error and median are those of the textbook")
  func statistics() {
    var moments = Moments()
    for value in [1.0, 2, 3, 4] { moments.add(value) }
    #expect(moments.mean == 2.5)
    // Sample variance 5/3, over 4 values; a dozen roundings.
    #expect(abs(moments.standardError - (5.0 / 12).squareRoot()) <= 12 * 0x1p-53)
    #expect([3.0, 1, 2].median == 2)
    #expect([4.0, 1, 2, 3].median == 2.5)
    #expect([Double]().median == 0)
  }
}
