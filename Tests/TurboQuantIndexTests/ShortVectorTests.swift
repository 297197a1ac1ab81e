import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

/// Scores that float32 cannot hold are an error, not a silent tie.
@Suite struct ShortVectorTests {
  @Test("Short rows are right for queries that are not, and refused for those that are")
  func distances() throws {
    for bits in [1, 4, 8] {
      var dice = Dice(seed: 55)
      let kind = try IndexKind(
        dimension: 65, bits: bits, metric: .squaredEuclidean, originals: .float32)
      let rows = dice.normals(65 * 20, scale: 0x1p-80)
      let index = try kind.index(rows + dice.normals(65 * 20))
      let far = try index.search(dice.normals(65), count: 40)[0]
      #expect(far.count == 40 && Set(far.map(\.score)).count >= 20)
      for query in [[Float](repeating: 0, count: 65), Array(rows[..<65])] {
        for options in [SearchOptions(), SearchOptions(rerank: 10)] {
          let error = failure { () throws(IndexError) in
            try index.search(dice.normals(65) + query, count: 10, options: options)
          }
          guard case .normOutOfRange(_, row: 1) = error?.kind else {
            Issue.record("\(String(describing: error))"); return
          }
          #expect(error?.description.contains("scale the vectors") == true)
        }
        let range = failure { () throws(IndexError) in try index.rangeSearch(query, limit: 1) }
        guard case .normOutOfRange(_, row: 0) = range?.kind else {
          Issue.record("\(String(describing: range))"); return
        }
        // Where no short row can be found, nothing is wrong.
        let options = SearchOptions(filter: .predicate { $0 >= 20 })
        #expect(try index.search(query, count: 5, options: options)[0].count == 5)
      }
    }
  }

  @Test func zerosAreRight() throws {
    var dice = Dice(seed: 56)
    let kind = try IndexKind(dimension: 8, bits: 4, metric: .squaredEuclidean)
    let zero = [Float](repeating: 0, count: 8)
    let index = try kind.index(zero + dice.normals(8 * 3) + zero)
    let hits = try index.search(zero, count: 5)[0]
    #expect(hits.prefix(2).map(\.id) == [0, 4] && hits[0].score == 0 && hits[2].score > 0)
    let products = try IndexKind(dimension: 8, bits: 4).index(zero + dice.normals(8 * 3))
    #expect(try products.search(zero, count: 4)[0].map(\.id) == [0, 1, 2, 3])
  }

  @Test("Products of short rows and a short query are refused where nothing else is found")
  func products() throws {
    var dice = Dice(seed: 57)
    let kind = try IndexKind(dimension: 65, bits: 4)
    let short = try kind.index(dice.normals(65 * 20, scale: 0x1p-90))
    let query = dice.normals(65, scale: 0x1p-45)
    let error = failure { () throws(IndexError) in try short.search(query, count: 3) }
    guard case .normOutOfRange(_, row: 0) = error?.kind else {
      Issue.record("\(String(describing: error))"); return
    }
    #expect(Set(try short.search(dice.normals(65), count: 20)[0].map(\.score)).count == 20)
    // Among ordinary rows a short one is where it belongs, near 0.
    var mixed = short
    try mixed.add(dice.normals(65 * 20))
    #expect(try mixed.search(query, count: 40)[0].count == 40)
  }
}
