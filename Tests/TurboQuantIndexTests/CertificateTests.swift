import Foundation
import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

/// Certified searches must differ from exhaustive ones no more often than they promise, over rotations.
///
/// Queries that depend on the seed, such as decoded rows, are promised nothing: a query that knows the rotation can lie
/// wherever first bits mislead (``Exactness``).
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct CertificateTests {
  /// Data that rotations find easy or hard.
  enum Data: String, CaseIterable {
    case gaussian, clustered, shifted, oneHot, fourSparse, varyingLength
    case duplicates, oppositePairs, lowRank, heavyTails, clusteredFarOff

    /// Rows of which so many have to be read whole that reading them is no sign of a fault.
    var isFarOff: Bool { self == .shifted || self == .clusteredFarOff }

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
        case .duplicates, .oppositePairs:
          // Groups of five rows, the same or of either sign.
          let pair = row % 5 == 0 ? nil : Optional(first - dimension)
          for i in 0..<dimension {
            guard let pair else {
              x[first + i] = Float(normal())
              continue
            }
            x[first + i] = self == .duplicates ? x[pair + i] : -x[pair + i]
          }
        case .lowRank:
          let weights = (0..<4).map { _ in normal() }
          for i in 0..<dimension {
            let sum = (0..<4).reduce(0.0) { $0 + weights[$1] * centres[$1 * dimension + i] }
            x[first + i] = Float(sum + 0.01 * normal())
          }
        case .heavyTails:
          for i in 0..<dimension {
            let value = normal()
            x[first + i] = Float(value * value * value * value * value)
          }
        case .clusteredFarOff:
          let centre = Int(stream.nextInteger(below: 8)) * dimension
          for i in 0..<dimension {
            x[first + i] = Float(5 + centres[centre + i] + 0.1 * normal())
          }
        case .varyingLength:
          let length = Portable.exp(2 * normal())
          for i in 0..<dimension { x[first + i] = Float(length * normal()) }
        }
      }
      return x
    }
  }

  /// The promise is kept when failures stay at or below the number that a binomial variable with the promised
  /// probability exceeds with probability 1%; of the many cells here one in 10⁵ may.
  ///
  /// `TQ_CERTIFICATE_SEEDS` rotations of 500 queries each replace the 6 of 50 that every change is tried with;
  /// `turboquant benchmark certificate` does the same for any file.
  @Test(
    arguments: Data.allCases.flatMap { data in Metric.allCases.map { (data, $0) } }, [0.05, 1e-3])
  func keepsItsPromise(_ kind: (data: Data, metric: Metric), probability: Double) throws {
    let (data, metric) = kind
    let (dimension, count) = (96, 2000)
    let thorough = ProcessInfo.processInfo.environment["TQ_CERTIFICATE_SEEDS"].flatMap { Int($0) }
    let (seeds, queryCount) = (thorough ?? 6, thorough == nil ? 50 : 500)
    var failures = 0
    var searches = 0
    var finished = 0.0
    for seed in 0..<UInt64(seeds) {
      var stream = RandomStream(seed: seed, purpose: .testData)
      let rows = data.rows(count + queryCount, dimension, &stream)
      var index = try VectorIndex(
        dimension: dimension, bits: seed % 2 == 0 ? 2 : 4, metric: metric, seed: seed)
      try index.add(Array(rows[..<(count * dimension)]))
      let queries = Array(rows[(count * dimension)...])
      let exhaustive = try index.search(
        queries, count: 1, options: SearchOptions.signsFirst(exactness: .exhaustive))
      let certified = try index.searchWithStatistics(
        queries, count: 1,
        options: SearchOptions.signsFirst(exactness: .certified(failureProbability: probability)))
      failures += zip(exhaustive, certified.hits).count { $0 != $1 }
      searches += exhaustive.count
      finished += Double(certified.statistics.finished) / Double(certified.statistics.rows)
    }
    let cell = "\(failures) of \(searches) at \(probability), \(data), \(metric)"
    print("certificate", cell)
    #expect(searches == queryCount * seeds)
    #expect(Coverage.upperTail(failures, searches, probability) >= 1e-5, "\(cell), seeds from 0")
    // A search that read everything would keep any promise.
    let isSure = data.isFarOff || probability < 0.05
    #expect(isSure || finished / Double(seeds) < 0.5, "\(data), \(metric)")
  }
}
