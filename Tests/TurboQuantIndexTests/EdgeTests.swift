import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

@Suite struct CountTests {
  let kind: IndexKind
  let index: VectorIndex
  let queries: [Float]

  init() throws {
    var dice = Dice(seed: 1)
    kind = try IndexKind(dimension: 16, bits: 4, originals: .float32)
    index = try kind.index(dice.normals(16 * 50))
    queries = dice.normals(16 * 3)
  }

  @Test func countsFromOneToMoreThanThereAre() throws {
    let all = try index.search(queries, count: 50)
    #expect(all.map(\.count) == [50, 50, 50])
    for count in [1, 2, 49, 50, 51, 1000, Int.max] {
      let hits = try index.search(queries, count: count)
      #expect(hits == all.map { Array($0.prefix(count)) })
      let options = SearchOptions(rerank: count)
      #expect(
        try index.search(queries, count: count, options: options).map(\.count)
          == all.map { min(count, $0.count) })
    }
  }

  @Test(arguments: [0, -1, Int.min]) func countsBelowOneAreRefused(count: Int) {
    let error = failure { () throws(IndexError) in try index.search(queries, count: count) }
    #expect(error?.kind == .countOutOfRange(count))
  }

  @Test func rerankingTooFewIsRefused() {
    let options = SearchOptions(rerank: 4)
    let error = failure { () throws(IndexError) in
      try index.search(queries, count: 5, options: options)
    }
    #expect(error?.kind == .countOutOfRange(4))
    let range = failure { () throws(IndexError) in
      try index.rangeSearch(queries, limit: 0, options: options)
    }
    guard case .notOffered = range?.kind else {
      Issue.record("\(String(describing: range))"); return
    }
  }

  @Test(arguments: [0, -1, 1.5, .nan, .infinity]) func probabilitiesAreChecked(p: Double) {
    let options = SearchOptions.signsFirst(exactness: .certified(failureProbability: p))
    let error = failure { () throws(IndexError) in
      try index.search(queries, count: 1, options: options)
    }
    guard case .probabilityOutOfRange = error?.kind else {
      Issue.record("\(String(describing: error))"); return
    }
  }

  @Test func theSmallestProbabilityLeavesNothingOut() throws {
    var dice = Dice(seed: 2)
    let index = try IndexKind(dimension: 64, bits: 4).index(dice.normals(64 * 400))
    let queries = dice.normals(64 * 4)
    let all = try index.search(queries, count: 10, options: .exhaustive)
    for p in [Double.leastNonzeroMagnitude, .leastNormalMagnitude, 1e-300, 1e-100] {
      let options = SearchOptions.signsFirst(exactness: .certified(failureProbability: p))
      #expect(try index.search(queries, count: 10, options: options) == all)
    }
  }

  @Test func numbersOfAllSizes() throws {
    for number in [Int.min, -1, 0, Int.max] {
      var copy = index
      #expect(try copy.add(queries, threads: number).count == 3)
      try copy.upsert(queries, ids: [0, 1, .max], threads: number)
      let options = SearchOptions(threads: number)
      #expect(try copy.search(queries, count: 2, options: options).count == 3)
      #expect(try copy.rangeSearch(queries, limit: 0, options: options).count == 3)
      if number <= 0 {
        let options = SearchOptions(rerank: number)
        failure { () throws(IndexError) in try index.search(queries, count: 1, options: options) }
      }
    }
    for limit in [-Float.infinity, .infinity, .greatestFiniteMagnitude] {
      let counts = try index.rangeSearch(queries, limit: limit).map(\.count)
      #expect(counts == (limit < 0 ? [50, 50, 50] : [0, 0, 0]))
    }
    for number in [RowStore.largestCount - 49, Int.max] {
      let error = failure { () throws(IndexError) in try index.checkRoom(for: number) }
      #expect(error?.kind == .tooManyRows(number))
    }
    try index.checkRoom(for: RowStore.largestCount - 50)
  }

  @Test func anEmptyIndexFindsNothing() throws {
    let empty = try kind.index()
    #expect(try empty.search(queries, count: 3) == [[], [], []])
    #expect(try empty.rangeSearch(queries, limit: -1) == [[], [], []])
    #expect(try empty.search([], count: 3) == [])
    #expect(try empty.ids() == [] && empty.isEmpty)
    #expect(try !empty.contains(0))
    #expect(failure { () throws(IndexError) in try empty.reconstruct(0) }?.kind == .unknownID(0))
    var emptied = index
    try emptied.remove(index.ids())
    #expect(try emptied.search(queries, count: 3) == [[], [], []])
    #expect(try emptied.add(queries) == [50, 51, 52])
  }

  @Test func noQueriesFindNothing() throws {
    #expect(try index.search([], count: 3) == [])
    #expect(try index.rangeSearch([], limit: 0) == [])
  }

  @Test func filtersThatLetNothingThrough() throws {
    let filters: [Filter] = [
      .ids([]), .ids([50, 99, .max]), .predicate { _ in false },
      .ids(Set(1000..<2000)),
    ]
    for filter in filters {
      for exactness in [Exactness.exhaustive, .certified()] {
        let options = SearchOptions.signsFirst(exactness: exactness, filter: filter)
        let found = try index.searchWithStatistics(queries, count: 3, options: options)
        #expect(found.hits == [[], [], []] && found.statistics.rows == 0)
        #expect(try index.rangeSearch(queries, limit: -1e30, options: options) == [[], [], []])
      }
    }
    let one = SearchOptions(filter: .ids([7, 1000]))
    #expect(
      try index.search(queries, count: 3, options: one).map { $0.map(\.id) } == [[7], [7], [7]])
  }

  @Test func oneRow() throws {
    for bits in [1, 2, 3, 4, 8] {
      for dimension in [1, 64, 65] {
        var dice = Dice(seed: UInt64(bits))
        let one = try IndexKind(dimension: dimension, bits: bits).index(
          dice.normals(dimension), ids: [9])
        let q = dice.normals(dimension)
        for exactness in [Exactness.exhaustive, .certified()] {
          let options = SearchOptions.signsFirst(exactness: exactness, threads: 4)
          #expect(try one.search(q, count: 5, options: options)[0].map(\.id) == [9])
        }
      }
    }
  }

  @Test func rangesFromNothingToEverything() throws {
    #expect(try index.rangeSearch(queries, limit: -.infinity).map(\.count) == [50, 50, 50])
    #expect(try index.rangeSearch(queries, limit: .infinity) == [[], [], []])
    let distances = try IndexKind(dimension: 16, bits: 4, metric: .squaredEuclidean)
      .index([Float](repeating: 1, count: 32))
    #expect(try distances.rangeSearch(queries, limit: .infinity).map(\.count) == [2, 2, 2])
    #expect(try distances.rangeSearch(queries, limit: -.infinity) == [[], [], []])
    let error = failure { () throws(IndexError) in try index.rangeSearch(queries, limit: .nan) }
    guard case .notOffered = error?.kind else {
      Issue.record("\(String(describing: error))"); return
    }
  }

  @Test func noOriginals() throws {
    let plain = try IndexKind(dimension: 16, bits: 4).index(queries)
    let options = SearchOptions(rerank: 10)
    let errors = [
      failure { () throws(IndexError) in try plain.search(queries, count: 3, options: options) },
      failure { () throws(IndexError) in try plain.original(0) },
    ]
    #expect(errors.allSatisfy { $0?.kind == .noOriginals })
  }
}

@Suite struct TieTests {
  @Test("Equal rows come in the order of their ids", arguments: [1, 2, 3, 4, 8], Metric.allCases)
  func ties(bits: Int, metric: Metric) throws {
    var dice = Dice(seed: 4)
    let kind = try IndexKind(dimension: 70, bits: bits, metric: metric, originals: .float32)
    let row = dice.normals(70)
    let ids = (0..<300).map { UInt64($0 * 7 % 300) }
    let same = Array(repeatElement(row, count: 300).joined())
    let index = try kind.index(same, ids: ids)
    let q = dice.normals(70)
    for options in [
      SearchOptions.exhaustive, .signsFirst(), .signsFirst(exactness: .exhaustive, rerank: 300),
    ] {
      let hits = try index.search(q, count: 20, options: options)[0]
      #expect(hits.map(\.id) == Array(0..<20))
      #expect(Set(hits.map(\.score)).count == 1)
    }
    let limit = try index.search(q, count: 1)[0][0].score
    #expect(try index.rangeSearch(q, limit: limit)[0].map(\.id) == Array(0..<300))
  }

  @Test("A zero query ties all rows", arguments: [1, 2, 3, 4, 8], [false, true])
  func zeroQueries(bits: Int, isTwoStage: Bool) throws {
    for metric in Metric.allCases {
      var dice = Dice(seed: 5)
      let kind = try IndexKind(
        dimension: 65, bits: bits + (isTwoStage ? 1 : 0), metric: metric, isTwoStage: isTwoStage)
      let index = try kind.index(dice.normals(65 * 200))
      let zero = [Float](repeating: 0, count: 65)
      for exactness in [Exactness.exhaustive, .certified()] {
        let options = SearchOptions.signsFirst(exactness: exactness, hasStandardErrors: true)
        let hits = try index.search(zero, count: 200, options: options)[0]
        // Exact, but for the stored norm's and its square's rounding.
        let relative: Float = metric == .squaredEuclidean ? 0x1p-22 : 0
        #expect(hits.allSatisfy { ($0.standardError ?? .infinity) <= relative * $0.score })
        guard metric != .squaredEuclidean else {
          for hit in hits {
            // The stored norm, squared in float32.
            let norm = try index.rows.scalar(.norms, at: Int(hit.id))
            #expect(hit.score == norm * norm)
          }
          continue
        }
        #expect(hits.map(\.id) == Array(0..<200) && hits.allSatisfy { $0.score == 0 })
      }
    }
  }

  @Test("Zero rows score as zero vectors do", arguments: [1, 2, 3, 4, 8], [false, true])
  func zeroRows(bits: Int, isTwoStage: Bool) throws {
    var dice = Dice(seed: 6)
    let q = dice.normals(65)
    for metric in [Metric.innerProduct, .squaredEuclidean] {
      let kind = try IndexKind(
        dimension: 65, bits: bits + (isTwoStage ? 1 : 0), metric: metric, isTwoStage: isTwoStage)
      let index = try kind.index(
        [Float](repeating: 0, count: 65 * 100) + dice.normals(65 * 50))
      let hits = try index.search(q, count: 150)[0]
      #expect(hits.count == 150)
      let norm = try kind.codec.prepare(q.span).norm
      for hit in hits where hit.id < 100 {
        #expect(hit.score == (metric == .innerProduct ? 0 : Float(norm * norm)))
      }
      #expect(try index.reconstruct(3).allSatisfy { $0 == 0 })
    }
    let cosine = try IndexKind(dimension: 65, bits: bits, metric: .cosine)
    let centred = try IndexKind(dimension: 65, bits: bits, metric: .cosine, mean: dice.normals(65))
    for kind in [cosine, centred] {
      let error = failure { () throws(IndexError) in
        try kind.index(q + [Float](repeating: 0, count: 65))
      }
      #expect(error?.kind == .codec(CodecError(.zeroVector(row: 1))))
    }
  }
}

@Suite struct RefusalTests {
  @Test(
    "A number that is none is named by row and column",
    arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(value: Float) throws {
    for (metric, hasMean) in Metric.allCases.flatMap({ [($0, false), ($0, true)] }) {
      var dice = Dice(seed: 8)
      let mean = hasMean ? dice.normals(70) : nil
      let kind = try IndexKind(dimension: 70, bits: 2, metric: metric, mean: mean)
      var index = try kind.index(dice.normals(70 * 5))
      var bad = dice.normals(70 * 2000)
      bad[70 * 1500 + 33] = value
      for threads in [1, 3] {
        let error = failure { () throws(IndexError) in try index.add(bad, threads: threads) }
        #expect(isPlace(error, row: 1500, column: 33))
      }
      let query = failure { () throws(IndexError) in try index.search(bad, count: 1) }
      #expect(isPlace(query, row: 1500, column: 33))
      #expect(index.count == 5)
    }
    let mean = failure { () throws(IndexError) in
      try VectorIndex(dimension: 3, mean: [0, value, 0])
    }
    #expect(isPlace(mean, row: 0, column: 1))
  }

  private func isPlace(_ error: IndexError?, row: Int, column: Int) -> Bool {
    guard case .codec(let error) = error?.kind, case .notFinite(_, row, column) = error.kind else {
      return false
    }
    return true
  }

  @Test func idsOfACall() throws {
    var dice = Dice(seed: 9)
    var index = try IndexKind(dimension: 8, bits: 4).index(dice.normals(8 * 3), ids: [5, 1, 9])
    let before = try index.search(dice.normals(8), count: 9)
    let vectors = dice.normals(16)
    #expect(
      failure { () throws(IndexError) in try index.add(vectors, ids: [4, 9]) }?.kind
        == .duplicateID(9, row: 1))
    #expect(
      failure { () throws(IndexError) in try index.add(vectors, ids: [4, 4]) }?.kind
        == .duplicateID(4, row: 1))
    #expect(
      failure { () throws(IndexError) in try index.add(vectors, ids: [4]) }?.kind
        == .idCountMismatch(ids: 1, vectors: 2))
    #expect(
      failure { () throws(IndexError) in try index.upsert(vectors, ids: [4]) }?.kind
        == .idCountMismatch(ids: 1, vectors: 2))
    #expect(failure { () throws(IndexError) in try index.remove([5, 2]) }?.kind == .unknownID(2))
    #expect(failure { () throws(IndexError) in try index.remove([5, 5]) }?.kind == .unknownID(5))
    #expect(failure { () throws(IndexError) in try index.reconstruct(2) }?.kind == .unknownID(2))
    for vectors in [dice.normals(7), dice.normals(9)] {
      let expected = IndexError.Kind.lengthMismatch(found: vectors.count, dimension: 8)
      #expect(failure { () throws(IndexError) in try index.add(vectors) }?.kind == expected)
      #expect(
        failure { () throws(IndexError) in try index.upsert(vectors, ids: [1]) }?.kind == expected)
      #expect(
        failure { () throws(IndexError) in try index.search(vectors, count: 1) }?.kind == expected)
    }
    dice = Dice(seed: 9)
    _ = dice.normals(8 * 3)
    #expect(try index.search(dice.normals(8), count: 9) == before)
    #expect(try index.add(vectors) == [10, 11])
  }

  @Test func idsRunOut() throws {
    var dice = Dice(seed: 10)
    var index = try IndexKind(dimension: 4, bits: 1).index(dice.normals(4), ids: [.max - 2])
    let three = failure { () throws(IndexError) in try index.add(dice.normals(12)) }
    #expect(three?.kind == .idsExhausted && index.count == 1)
    #expect(try index.add(dice.normals(8)) == [.max - 1, .max])
    #expect(
      failure { () throws(IndexError) in try index.add(dice.normals(4)) }?.kind == .idsExhausted)
    #expect(try index.add([]) == [])
    #expect(try index.add(dice.normals(4), ids: [3]) == [3])
    // That the largest id was used is remembered when it is gone, and in a file.
    try index.remove([.max, .max - 1])
    let scratch = try Scratch()
    try index.save(to: scratch.file("x.tqi"))
    var opened = try VectorIndex.verify(scratch.file("x.tqi"))
    #expect(
      failure { () throws(IndexError) in try opened.add(dice.normals(4)) }?.kind == .idsExhausted)
    #expect(try opened.ids().sorted() == [3, .max - 2])
  }

  @Test func mergesOfOtherKinds() throws {
    var dice = Dice(seed: 11)
    let (d, mean) = (20, dice.normals(20))
    func kind(
      bits: Int = 4, _ metric: Metric = .innerProduct, mean: [Float]? = nil,
      originals: Originals? = nil, seed: UInt64 = 7
    ) throws -> IndexKind {
      try IndexKind(
        dimension: d, bits: bits, metric: metric, mean: mean, originals: originals, seed: seed)
    }
    var index = try kind().index(dice.normals(d * 3))
    let others = [
      try kind(bits: 3), try kind(.squaredEuclidean), try kind(.cosine), try kind(mean: mean),
      try kind(seed: 8),
    ]
    for other in others {
      let other = try other.index()
      let error = failure { () throws(IndexError) in try index.merge(other) }
      #expect(
        error?.kind
          == .fingerprintMismatch(
            expected: index.fingerprint.description, found: other.fingerprint.description))
    }
    for originals in Originals.allCases {
      let other = try kind(originals: originals).index()
      let error = failure { () throws(IndexError) in try index.merge(other) }
      guard case .notOffered = error?.kind else {
        Issue.record("\(String(describing: error))"); return
      }
    }
    let overlap = try kind().index(dice.normals(d * 2), ids: [8, 1])
    #expect(
      failure { () throws(IndexError) in try index.merge(overlap) }?.kind == .duplicateID(1, row: 1)
    )
    #expect(index.count == 3)
    try index.merge(try kind().index(dice.normals(d), ids: [8]))
    #expect(try index.add(dice.normals(d)) == [9])
  }

  @Test func codecsThatAreNotOffered() throws {
    let mean = [Float](repeating: 0, count: 9)
    #expect(
      failure { () throws(IndexError) in try VectorIndex(dimension: 8, mean: mean) }?.kind
        == .lengthMismatch(found: 9, dimension: 8))
    for bits in [.min, -1, 0, 5, 6, 7, 9, 10, 1 << 31, 1 << 62, .max] {
      failure { () throws(IndexError) in try VectorIndex(dimension: 8, bits: bits) }
    }
    for bits in [.min, -1, 0, 1, 6, 7, 8, 10, 1 << 62, .max] {
      failure { () throws(IndexError) in try VectorIndex(dimension: 8, bits: bits, isTwoStage: true)
      }
    }
    for dimension in [.min, -1, 0, 1 << 25, 1 << 62, .max] {
      for isTwoStage in [false, true] {
        failure { () throws(IndexError) in
          try VectorIndex(dimension: dimension, bits: 4, isTwoStage: isTwoStage)
        }
      }
    }
    let codecs = [
      try Codec(dimension: 100, rate: .bits(1), quantizer: .qjl()),
      try Codec(dimension: 100, rate: try #require(Rate(bitsPerCoordinate: 2.5))),
      try Codec(dimension: 100, rate: .bits(4), normalization: .unit),
    ]
    for codec in codecs {
      let error = failure { () throws(IndexError) in try VectorIndex(codec: codec) }
      guard case .codecNotOffered = error?.kind else {
        Issue.record("\(String(describing: error))"); return
      }
    }
    failure { () throws(IndexError) in try VectorIndex(dimension: 1 << 17) }
  }
}
