import Testing
import TurboQuant
import TurboQuantIndex

@Suite struct SearchTests {
  @Test("A stored direction is the nearest to itself", arguments: [1, 2, 3, 4, 8], Metric.allCases)
  func findsItself(bits: Int, metric: Metric) throws {
    let (dimension, count) = (100, 70)
    var stream = RandomStream(seed: 11, purpose: .testData)
    let vectors = (0..<dimension * count).map { _ in Float(stream.nextNormal()) }
    var index = try VectorIndex(dimension: dimension, bits: bits, metric: metric, seed: 3)
    try index.add(vectors)
    for exactness in [Exactness.exhaustive, .certified()] {
      let options = SearchOptions(exactness: exactness)
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
