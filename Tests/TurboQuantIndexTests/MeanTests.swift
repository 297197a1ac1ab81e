import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

/// What is stored of rows and taken out of queries where a mean is subtracted.
@Suite struct MeanTests {
  private static let products = [Metric.innerProduct, .cosine]

  private func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test("A row's component is that of what was encoded", arguments: products)
  func components(metric: Metric) throws {
    for dimension in [1, 2, 7, 65, 384] {
      var dice = Dice(seed: UInt64(dimension))
      let mean = dice.normals(dimension, scale: 0.5)
      let kind = try IndexKind(dimension: dimension, bits: 2, metric: metric, mean: mean)
      let rows = dice.normals(40 * dimension)
      let index = try kind.index(rows)
      let length = dot(mean, mean).squareRoot()
      for slot in 0..<40 {
        let y = Array(rows[slot * dimension..<(slot + 1) * dimension])
        let scale = metric == .cosine ? 1 / dot(y, y).squareRoot() : 1
        let exact = (dot(y, mean) * scale - length * length) / length
        let stored = Double(try index.rows.scalar(.centerComponents, at: slot))
        // Rounding every coordinate of x, and the sum, to float32: each at most 2⁻²⁴ of a length.
        let x = (scale * scale * dot(y, y) + length * length).squareRoot()
        #expect(abs(stored - exact) <= 2 * 0x1p-24 * 2 * x)
      }
    }
  }

  @Test("What is left of a query has nothing along the mean", arguments: products)
  func projection(metric: Metric) throws {
    for exponent in [-40, 0, 40] {
      var dice = Dice(seed: 31)
      let factor = Float(sign: .plus, exponent: exponent, significand: 1)
      let (mean, q) = (dice.normals(100, scale: factor), dice.normals(100))
      let index = try IndexKind(dimension: 100, bits: 4, metric: metric, mean: mean).index()
      let center = try #require(index.center)
      let e = try #require(center.direction)
      let query = center.centered(query: q)
      let (rest, along) = (query.vector, query.constants.component)
      let norm = try #require(query.norm)
      // Each coordinate rounded by 2⁻²⁴ of its size.
      let left = zip(rest, e).reduce(0) { $0 + Double($1.0) * $1.1 }
      #expect(abs(left) <= norm * 0x1p-24)
      #expect(abs(dot(rest, rest) + along * along - norm * norm) <= norm * norm * 0x1p-22)
      #expect(abs(norm - (metric == .cosine ? 1 : dot(q, q).squareRoot())) <= norm * 0x1p-50)
    }
  }

  @Test("Distances keep no component, nor does an index without a mean")
  func bytes() throws {
    let mean = [Float](repeating: 1, count: 64)
    func size(_ metric: Metric, _ mean: [Float]?) throws -> Int {
      try IndexKind(dimension: 64, bits: 2, metric: metric, mean: mean).index().bytesPerVector
    }
    #expect(try size(.squaredEuclidean, mean) == 16 + 8)
    #expect(try size(.innerProduct, nil) == 16 + 8 && size(.innerProduct, mean) == 16 + 12)
    #expect(try size(.cosine, nil) == 16 + 4 && size(.cosine, mean) == 16 + 12)
  }

  @Test(
    "A query along the mean, and one across it, are scored by what is stored", arguments: products)
  func special(metric: Metric) throws {
    var dice = Dice(seed: 32)
    for scale in [0x1p-30, 1, 0x1p30] as [Float] {
      let mean = dice.normals(96, scale: scale)
      let rows = dice.normals(60 * 96, scale: scale)
      let index = try IndexKind(dimension: 96, bits: 4, metric: metric, mean: mean).index(rows)
      for options in [SearchOptions.exhaustive, .signsFirst()] {
        for hit in try index.search(mean, count: 60, options: options)[0] {
          let y = Array(rows[Int(hit.id) * 96..<Int(hit.id + 1) * 96])
          let exact = metric.exactScore(y, mean)
          let unit = metric == .cosine ? 1 : dot(y, y).squareRoot() * dot(mean, mean).squareRoot()
          // No estimate is left; x, the component and the key are float32 of what is at most some
          // lengths (of the mean and the row) long.
          let reach = metric == .cosine ? 1 + dot(mean, mean).squareRoot() : 4
          #expect(abs(Double(hit.score) - Double(exact)) <= 8 * 0x1p-24 * unit * reach)
        }
      }
    }
  }

  @Test("Scores stay numbers however long or short mean, rows and query are", arguments: products)
  func extremes(metric: Metric) throws {
    var dice = Dice(seed: 33)
    let (mean, rows, q) = (dice.normals(65), dice.normals(65 * 40), dice.normals(65))
    func scaled(_ x: [Float], _ exponent: Int) -> [Float] {
      x.map { Float(sign: .plus, exponent: exponent, significand: 1) * $0 }
    }
    for m in [-145, -60, 58] {
      let kind = try IndexKind(dimension: 65, bits: 4, metric: metric, mean: scaled(mean, m))
      for r in [-145, 0, 57] {
        // Every denormal counts; a row of which nothing is left has no direction.
        let index = try kind.index(scaled(rows, metric == .cosine ? max(r, -100) : r))
        for s in [-57, 0, 58] {
          // Products of next to nothing with anything but the longest are beyond float32.
          if metric == .innerProduct, m == -145, r == -145, s < 58 {
            let error = failure { () throws(IndexError) in
              try index.search(scaled(q, s), count: 40)
            }
            guard case .normOutOfRange(_, row: 0) = error?.kind else {
              Issue.record("\(String(describing: error))"); return
            }
            continue
          }
          let hits = try index.search(scaled(q, s), count: 40)[0]
          #expect(hits.count == 40 && hits.allSatisfy { $0.score.isFinite }, "\(m), \(r), \(s)")
        }
      }
    }
    let none = [Float](repeating: 0, count: 65)
    let index = try IndexKind(dimension: 65, bits: 4, metric: metric, mean: none).index(rows)
    #expect(try index.search(q, count: 40)[0].allSatisfy { $0.score.isFinite })
    #expect(try index.search(none, count: 40)[0].allSatisfy { $0.score == 0 })
  }

  @Test("Without its part along the mean a query's estimates err by less")
  func errorsShrink() throws {
    // Rows about a mean of length 3, queries like them: what is left of a query has √(1/10) of its length.
    var dice = Dice(seed: 34)
    let d = 100
    let mean = dice.normals(d, scale: 0.3)
    func drawn(_ count: Int) -> [Float] {
      let noise = dice.normals(count * d, scale: 0.1)
      return noise.indices.map { noise[$0] + mean[$0 % d] }
    }
    let (rows, queries) = (drawn(500), drawn(20))
    let index = try IndexKind(dimension: d, bits: 2, mean: mean).index(rows)
    let options = SearchOptions(exactness: .exhaustive, hasStandardErrors: true)
    var (squares, scores, before) = (0.0, 0, 0.0)
    for (query, hits) in try index.search(queries, count: 500, options: options).enumerated() {
      let q = Array(queries[query * d..<(query + 1) * d])
      for hit in hits {
        let y = Array(rows[Int(hit.id) * d..<Int(hit.id + 1) * d])
        let deviation = Double(try #require(hit.standardError))
        let error = (Double(hit.score) - dot(y, q)) / deviation
        squares += error * error
        scores += 1
        let x = Double(try index.rows.scalar(.norms, at: Int(hit.id)))
        before += deviation / (x * dot(q, q).squareRoot())
      }
    }
    // 10,000 errors of 500 independent rows by 20 queries of one rotation; the mean of their squares
    // scatters by √(2/500) at most if a row's errors were one, 6%: three of those.
    #expect(abs(squares / Double(scores) - 1) < 0.19, "\(squares / Double(scores)), seed 34")
    // D/(1 − D) at two bits is 0.13, over d: .036 of the lengths before, √(1/10) of that now.
    #expect(before / Double(scores) < 0.5 * 0.036)
  }
}
