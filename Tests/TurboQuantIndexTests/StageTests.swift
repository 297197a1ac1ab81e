import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

/// Certified searches of indexes that are large enough for several stages.
@Suite struct StageTests {
  @Test func everySegmentIsInOneStage() {
    for count in [1, 2, 15, 16, 17, 18, 128, 129, 1000] {
      for first in [1, 2, 16] {
        let stages = Stages.segments(of: count, first: first)
        #expect(stages.joined().sorted() == Array(0..<count))
        #expect(stages.allSatisfy { $0 == $0.sorted() && !$0.isEmpty })
        #expect(stages[0].count == min(count, first))
      }
    }
    #expect(Stages.segments(of: 18, first: 1).map(\.count) == [1, 7, 10])
    // A stage is spread over the index.
    #expect(Stages.segments(of: 64, first: 8)[0] == [0, 8, 16, 24, 32, 40, 48, 56])
  }

  /// How the rows of a collection lie.
  enum Order: CaseIterable {
    case mixed
    /// Rows of one cluster after another, so that the first rows say nothing of the last.
    case byCluster
    /// No row is near another: first bits hardly help, and queries are given up.
    case apart
  }

  /// Rows of 64 coordinates: 70,000 in 18 segments and three stages, or 12,000 in 3 segments and two stages.
  private static func rows(_ order: Order, _ dice: inout Dice) -> (rows: [Float], queries: [Float])
  {
    let (count, d, clusters) = (isOptimizedBuild ? 70_000 : 12_000, 64, 40)
    let centers = dice.normals(clusters * d)
    var rows: [Float] = []
    rows.reserveCapacity(count * d)
    for row in 0..<count {
      let cluster = order == .byCluster ? row * clusters / count : dice.below(clusters)
      let noise = dice.normals(d)
      for i in 0..<d {
        rows.append(noise[i] + (order == .apart ? 0 : 1.5 * centers[d * cluster + i]))
      }
    }
    var queries: [Float] = []
    for query in 0..<9 {
      let cluster = query * clusters / 9
      let noise = dice.normals(d)
      for i in 0..<d {
        queries.append(noise[i] + (order == .apart ? 0 : 1.5 * centers[d * cluster + i]))
      }
    }
    return (rows, queries + [Float](repeating: 0, count: d))
  }

  @Test(arguments: Order.allCases, [Metric.innerProduct, .cosine, .squaredEuclidean])
  func stagesFindWhatAnExhaustiveSearchFinds(_ order: Order, _ metric: Metric) throws {
    var dice = Dice(seed: 22)
    let (rows, queries) = Self.rows(order, &dice)
    for (bits, mean) in isOptimizedBuild
      ? [(2, false), (3, true), (4, false), (8, true)] : [(4, true)]
    {
      let kind = try IndexKind(
        dimension: 64, bits: bits, metric: metric,
        mean: mean ? (0..<64).map { rows[$0] / 8 } : nil)
      let index = try kind.index(rows)
      let filters: [Filter?] = [
        nil, .predicate { $0 % 97 == 5 }, .ids(Set(0..<40)), .ids([7, 65_000]),
      ]
      for filter in filters {
        for count in [1, 10, 150] {
          var options = SearchOptions.exhaustive
          options.filter = filter
          let expected = try index.search(queries, count: count, options: options)
          for threads in [1, 2, 3, 8] {
            // That nothing is left out is certain but for one search in 10⁶.
            let options = SearchOptions.signsFirst(
              exactness: .certified(failureProbability: 1e-6), filter: filter, threads: threads)
            let found = try index.searchWithStatistics(queries, count: count, options: options)
            #expect(found.hits == expected, "\(kind), \(count) results, \(threads) threads")
            #expect(found.statistics.rows == queries.count / 64 * (try index.allowedCount(filter)))
          }
        }
      }
    }
  }

  /// More results than the first stage has rows: it gives no cutoff, and none of its rows comes back twice.
  @Test func moreResultsThanTheFirstStageHasRows() throws {
    var dice = Dice(seed: 24)
    let index = try IndexKind(dimension: 64, bits: 4).index(dice.normals(10_000 * 64))
    let queries = dice.normals(3 * 64)
    for count in [5000, 9000, 9990] {
      let expected = try index.search(queries, count: count, options: .exhaustive)
      #expect(try index.search(queries, count: count, options: .signsFirst()) == expected)
    }
  }

  /// Threads change neither results nor what is read, even where the certificate promises little.
  @Test func threadsDoNotMatter() throws {
    var dice = Dice(seed: 23)
    let (rows, queries) = Self.rows(.mixed, &dice)
    let index = try IndexKind(dimension: 64, bits: 4).index(rows)
    for probability in [1, 0.5, 0.01] {
      let searches = try [1, 2, 3, 8].map { threads in
        try index.searchWithStatistics(
          queries, count: 10,
          options: .signsFirst(
            exactness: .certified(failureProbability: probability), threads: threads))
      }
      for other in searches.dropFirst() {
        #expect(other.hits == searches[0].hits)
        #expect(other.statistics == searches[0].statistics)
      }
    }
  }
}

extension VectorIndex {
  /// How many rows a filter allows.
  fileprivate func allowedCount(_ filter: Filter?) throws -> Int {
    switch filter {
    case nil: count
    case .ids(let ids): ids.count { $0 < UInt64(count) }
    case .predicate(let isAllowed): try ids().count(where: isAllowed)
    case .tags(let tags): try self.tags().count { tags.contains($0) }
    case .tagPredicate(let isAllowed): try tags().count(where: isAllowed)
    }
  }
}
