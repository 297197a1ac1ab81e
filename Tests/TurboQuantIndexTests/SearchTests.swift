import TestSupport
import Testing
import TurboQuant
import TurboQuantIndex

@Suite struct SearchTests {
  @Test("Where little is left beside the signs, all of it is read")
  func smallIndexesAreReadWhole() throws {
    var dice = Dice(seed: 8)
    let rows = dice.normals(256 * 1000)
    let index = try IndexKind(dimension: 256, bits: 4).index(rows)
    // Rows themselves: no other comes near.
    let queries = Array(rows[..<(256 * 4)])
    let small = try index.searchWithStatistics(queries, count: 1, options: SearchOptions())
    let chosen = try index.searchWithStatistics(queries, count: 1, options: .signsFirst())
    #expect(small.statistics.finished == small.statistics.rows)
    #expect(chosen.statistics.finished < chosen.statistics.rows)
  }

  @Test("A stored direction is the nearest to itself", arguments: [1, 2, 3, 4, 8], Metric.allCases)
  func findsItself(bits: Int, metric: Metric) throws {
    let (dimension, count) = (100, 70)
    var stream = RandomStream(seed: 11, purpose: .testData)
    let vectors = (0..<dimension * count).map { _ in Float(stream.nextNormal()) }
    var index = try VectorIndex(dimension: dimension, bits: bits, metric: metric, seed: 3)
    try index.add(vectors)
    for exactness in [Exactness.exhaustive, .certified()] {
      let options = SearchOptions.signsFirst(exactness: exactness)
      let hits = try index.search(vectors, count: 3, options: options)
      let found = hits.enumerated().filter { $0.element.first?.id == UInt64($0.offset) }.count
      // At one bit the score of a row with itself is many deviations above that of any other.
      #expect(found == count, "\(bits) bits, \(metric), \(exactness)")
    }
  }

  @Test("Two stages search many queries at once", arguments: [2, 3, 4, 5, 9])
  func twoStages(bits: Int) throws {
    let (dimension, count) = (100, 70)
    var stream = RandomStream(seed: 12, purpose: .testData)
    let vectors = (0..<dimension * count).map { _ in Float(stream.nextNormal()) }
    var index = try VectorIndex(dimension: dimension, bits: bits, isTwoStage: true, seed: 3)
    try index.add(vectors)
    let hits = try index.search(vectors, count: 3)
    for query in 0..<count {
      let alone = Array(vectors[query * dimension..<(query + 1) * dimension])
      #expect(try index.search(alone, count: 3) == [hits[query]])
    }
  }
}
