import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

/// The true score lies within interval(2) of a hit as often as two deviations promise, at every cosine.
@Suite(.enabled(if: isOptimizedBuild, needsOptimizedBuild)) struct CoverageTests {
  struct Kind: Sendable, CustomTestStringConvertible {
    let bits: Int
    let metric: Metric
    let isTwoStage: Bool
    let isCentred: Bool
    var testDescription: String {
      "\(bits) bits, \(metric)\(isTwoStage ? ", sketch" : "")\(isCentred ? ", centred" : "")"
    }
  }

  static let kinds = [1, 2, 3, 4, 8].flatMap { bits in
    Metric.allCases.flatMap { metric in
      [(false, false), (false, true), (true, false), (true, true)].map {
        Kind(bits: bits, metric: metric, isTwoStage: $0.0, isCentred: $0.1)
      }
    }
  }

  @Test(arguments: kinds, [64, 384, 1536])
  func intervalsHoldTheTruth(_ kind: Kind, _ dimension: Int) throws {
    for (number, cosine) in coverageCosines.enumerated() {
      try holds(kind, dimension, cosine, seed: UInt64(1000 * number))
    }
  }

  private func holds(
    _ kind: Kind, _ dimension: Int, _ cosine: Double, seed: UInt64
  ) throws {
    var coverage = Coverage()
    let each = 100
    var isCodesOwn = false
    for seed in seed..<seed + UInt64((coverageDraws + each - 1) / each) {
      var dice = Dice(seed: seed)
      let mean = kind.isCentred ? dice.normals(dimension, scale: 0.5) : nil
      let rows = (0..<each).flatMap { _ in
        zip(dice.normals(dimension), mean ?? [Float](repeating: 0, count: dimension)).map {
          $0 + $1
        }
      }
      let kindOfIndex = try IndexKind(
        dimension: dimension, bits: kind.bits + (kind.isTwoStage ? 1 : 0), metric: kind.metric,
        isTwoStage: kind.isTwoStage, mean: mean, seed: seed)
      let index = try kindOfIndex.index(rows)
      for row in 0..<each {
        let x = Array(rows[row * dimension..<(row + 1) * dimension])
        let q = Self.query(atCosine: cosine, to: x, &dice)
        var options = SearchOptions(exactness: .exhaustive, hasStandardErrors: true)
        options.filter = .ids([UInt64(row)])
        let hit = try #require(try index.search(q, count: 1, options: options)[0].first)
        let (low, high) = try #require(hit.interval(2))
        let truth = Self.score(kind.metric, x, q)
        coverage.add(
          truth, low: Double(low), high: Double(high), score: Double(hit.score),
          standardError: Double(try #require(hit.standardError)))
        isCodesOwn = try Self.isCodesOwn(index, row, q, hit)
      }
    }
    // The cosine of a centred code is not that of row and query, but nowhere ±1 unless they are one vector.
    let fault = coverage.fault(
      atLeast: isCodesOwn && abs(cosine) < 1 ? Coverage.smallest : 0)
    let line = "\(kind.testDescription), d = \(dimension), cosine \(cosine): \(coverage)"
    print("coverage", line)
    #expect(fault == nil, "\(line), seeds from \(seed): \(fault ?? "")")
  }

  /// Whether the code's own error, were the score true, is more than twice that of whole numbers and float32.
  private static func isCodesOwn(
    _ index: VectorIndex, _ slot: Int, _ q: [Float], _ hit: Hit
  ) throws -> Bool {
    let search = try Search(index, q.span, count: 1, .exhaustive)
    let errors = ScoreErrors(index, search.queries[0])
    let similarity = index.metric.isDistance ? -hit.score : hit.score
    let row = RankedRow(similarity: similarity, id: hit.id, slot: slot)
    let (all, own) = (try errors.error(of: row), try errors.estimate(row).error)
    guard all.slope != 0 else { return false }
    let cosine = min(max((Double(hit.score) - all.offset) / all.slope, -1), 1)
    let code = own.error.variance(at: cosine)
    let float32 = all.rounding * all.rounding / (all.slope * all.slope)
    let rounding = all.error.variance(at: cosine) - code + float32
    return code > 4 * rounding
  }

  /// A vector at a cosine to `x`, 0.7 times as long, otherwise random.
  static func query(atCosine cosine: Double, to x: [Float], _ dice: inout Dice) -> [Float] {
    let square = x.reduce(0.0) { $0 + Double($1) * Double($1) }
    var g = dice.normals(x.count).map { Double($0) }
    let along = zip(g, x).reduce(0) { $0 + $1.0 * Double($1.1) } / square
    for i in g.indices { g[i] -= along * Double(x[i]) }
    let length = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let sine = (1 - cosine * cosine).squareRoot() * square.squareRoot()
    return x.indices.map { Float(0.7 * (cosine * Double(x[$0]) + sine * g[$0] / length)) }
  }

  /// The score in double precision.
  static func score(_ metric: Metric, _ x: [Float], _ q: [Float]) -> Double {
    var (product, xx, qq, distance) = (0.0, 0.0, 0.0, 0.0)
    for (a, b) in zip(x, q) {
      product += Double(a) * Double(b)
      xx += Double(a) * Double(a)
      qq += Double(b) * Double(b)
      distance += (Double(a) - Double(b)) * (Double(a) - Double(b))
    }
    switch metric {
    case .innerProduct: return product
    case .cosine: return product / (xx * qq).squareRoot()
    case .squaredEuclidean: return distance
    }
  }
}
