import Testing
import TurboQuant
import TurboQuantIndex

/// Certified searches must differ from exhaustive ones no more often than they promise, over rotations.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct CertificateTests {
  /// Data that rotations find easy or hard.
  enum Data: String, CaseIterable {
    case gaussian, clustered, shifted, oneHot, fourSparse, varyingLength

    func rows(_ count: Int, _ dimension: Int, _ stream: inout RandomStream) -> [Float] {
      func normal() -> Double { stream.nextNormal() }
      func place() -> Int { Int(stream.nextInteger(below: UInt32(dimension))) }
      var x = [Float](repeating: 0, count: count * dimension)
      let centres = (0..<8 * dimension).map { _ in normal() }
      for row in 0..<count {
        let first = row * dimension
        switch self {
        case .gaussian: for i in 0..<dimension { x[first + i] = Float(normal()) }
        case .clustered:
          let centre = Int(stream.nextInteger(below: 8)) * dimension
          for i in 0..<dimension { x[first + i] = Float(centres[centre + i] + 0.3 * normal()) }
        case .shifted: for i in 0..<dimension { x[first + i] = Float(centres[i] + normal()) }
        case .oneHot: x[first + place()] = Float(0.5 + stream.nextUniform())
        case .fourSparse: for _ in 0..<4 { x[first + place()] = Float(normal()) }
        case .varyingLength:
          let length = Portable.exp(2 * normal())
          for i in 0..<dimension { x[first + i] = Float(length * normal()) }
        }
      }
      return x
    }
  }

  /// The promise is kept when failures stay at or below the number that a binomial variable with the
  /// promised probability exceeds with probability 1%; `turboquant benchmark certificate` takes more draws.
  @Test(arguments: Data.allCases, Metric.allCases)
  func keepsItsPromise(_ data: Data, _ metric: Metric) throws {
    let (dimension, count, probability) = (96, 2000, 0.05)
    // 50 searches a seed at 5%: the limits of the binomial law at 99%.
    let (seeds, limit) = (6, 24)
    var failures = 0
    var searches = 0
    var finished = 0.0
    for seed in 0..<UInt64(seeds) {
      var stream = RandomStream(seed: seed, purpose: .testData)
      let rows = data.rows(count + 40, dimension, &stream)
      var index = try VectorIndex(
        dimension: dimension, bits: seed % 2 == 0 ? 2 : 4, metric: metric, seed: seed)
      try index.add(Array(rows[..<(count * dimension)]))
      var queries = Array(rows[(count * dimension)...])
      // Queries that depend on the seed are not promised anything, and are tried all the same.
      for id in 0..<10 { queries += try index.reconstruct(UInt64(id)) }
      let exhaustive = try index.search(
        queries, count: 1, options: SearchOptions.signsFirst(exactness: .exhaustive))
      let certified = try index.measuredSearch(
        queries, count: 1,
        options: SearchOptions.signsFirst(exactness: .certified(failureProbability: probability)))
      failures += zip(exhaustive, certified.hits).count { $0 != $1 }
      searches += exhaustive.count
      finished += Double(certified.statistics.finished) / Double(certified.statistics.rows)
    }
    #expect(
      searches == 50 * seeds && failures <= limit, "\(failures) of \(searches), \(data), \(metric)")
    // A search that read everything would keep any promise. Far off centre many have to.
    #expect(data == .shifted || finished / Double(seeds) < 0.5, "\(data), \(metric)")
  }
}
