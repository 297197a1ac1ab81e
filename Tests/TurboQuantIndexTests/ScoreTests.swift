import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

/// Scores against the codec's own estimates of the same codes.
///
/// A scan rounds the query, and for codes of 3, 4 and 8 bits the centroids, to whole numbers. The
/// bounds below are the worst case of that rounding, not its typical size; nothing is left to chance.
@Suite struct ScoreTests {
  private static let kinds = [1, 2, 3, 4, 8].flatMap { bits in
    Metric.allCases.flatMap { metric in
      [false, true].flatMap { isTwoStage in
        [false, true].map {
          Variant(bits: bits, metric: metric, isTwoStage: isTwoStage, hasMean: $0)
        }
      }
    }
  }

  struct Variant: Sendable, CustomTestStringConvertible {
    let bits: Int
    let metric: Metric
    let isTwoStage: Bool
    let hasMean: Bool
    var testDescription: String {
      "\(bits) bits, \(metric)\(isTwoStage ? ", sketch" : "")\(hasMean ? ", mean" : "")"
    }
  }

  @Test("Half the centroids of 8 bits say them all", arguments: [1, 2, 3, 64, 384, 1536])
  func wideCentroidsAreSymmetric(dimension: Int) throws {
    let codebook = Codebook(law: .sphere(dimension: dimension), bits: 8)
    guard case .int16(let magnitudes, let meaning) = ScanCodebook(codebook) else {
      Issue.record("no wide codes")
      return
    }
    #expect(magnitudes.count == 128 && magnitudes.max() == 4095)
    // 4,095 steps reach the last; the step itself may differ a little, for products to be right on average.
    let step = (codebook.exactCentroids.last ?? 1) / 4095
    #expect(abs(meaning.step / step - 1) <= 1.0 / 8190)
    let whole = codebook.exactCentroids.map { Portable.nearest($0 / step) }
    #expect(whole == magnitudes.reversed().map { -Int($0) } + magnitudes.map { Int($0) })
  }

  @Test("A score is the codec's estimate, up to its rounding", arguments: kinds)
  func scores(_ variant: Variant) throws {
    let dimensions = [1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 100, 384, 1000]
    for dimension in isOptimizedBuild ? dimensions : [1, 7, 65, 100] {
      var dice = Dice(seed: UInt64(dimension))
      let kind = try IndexKind(
        dimension: dimension, bits: variant.bits + (variant.isTwoStage ? 1 : 0),
        metric: variant.metric, isTwoStage: variant.isTwoStage,
        mean: variant.hasMean ? dice.normals(dimension, scale: 0.3) : nil)
      let index = try kind.index(dice.normals(40 * dimension))
      for query in 0..<3 {
        let q = dice.normals(dimension, scale: query == 0 ? 1e-3 : 2)
        let hits = try index.search(q, count: 40, options: .exhaustive)[0]
        #expect(hits.count == 40)
        let plain = try PlainScores(index, q)
        for hit in hits {
          let (score, bound) = try plain.score(of: Int(hit.id))
          let difference = abs(Double(hit.score) - score)
          #expect(
            difference <= bound, "d = \(dimension), row \(hit.id): \(hit.score), not \(score)")
        }
      }
    }
  }

  @Test(
    "A standard error is the codec's, in the units of the score", arguments: Metric.allCases,
    [false, true])
  func standardErrors(metric: Metric, hasMean: Bool) throws {
    var dice = Dice(seed: 3)
    let mean = hasMean ? dice.normals(100, scale: 0.7) : nil
    let kind = try IndexKind(dimension: 100, bits: 3, metric: metric, mean: mean)
    let index = try kind.index(dice.normals(20 * 100))
    let q = dice.normals(100)
    var options = SearchOptions(hasStandardErrors: true)
    let plain = try PlainScores(index, q)
    let factor = metric == .innerProduct ? 1 : metric == .cosine ? 1 / plain.norm : 2
    for hit in try index.search(q, count: 20, options: options)[0] {
      let estimate = try kind.codec.estimate(plain.query, for: index.codes(at: Int(hit.id))[0])
      // Rounding may add 5% to the variance (Numerics.md), and moves the score within the interval that the error
      // covers; a part of the range that is cut off can only shorten a side that is not the longer.
      let found = Double(try #require(hit.standardError)) / (estimate.standardError * factor)
      #expect(found >= 0.9 && found <= 1.1, "\(hit), \(estimate)")
    }
    options.hasStandardErrors = false
    #expect(try index.search(q, count: 1, options: options)[0][0].standardError == nil)
  }
}

/// Scores of one query from the codec's estimates, in double precision, and how far a scan's may be off.
struct PlainScores {
  let index: VectorIndex
  let query: Query
  /// What a cosine is divided by beyond the query of `query`, and ⟨q, mean⟩ in the same units.
  let norm: Double
  let offset: Double
  /// ⟨q, mean/‖mean‖⟩ in the same units.
  let along: Double

  init(_ index: VectorIndex, _ q: [Float]) throws {
    self.index = index
    let mean = index.mean ?? [Float](repeating: 0, count: q.count)
    func dot(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    if let center = index.center, index.centers.hasComponents {
      let taken = center.centered(query: q)
      query = try index.codec.prepare(taken.vector.span)
      // Queries for cosines come as directions.
      norm = 1
      offset = dot(q, mean) / (index.metric == .cosine ? dot(q, q).squareRoot() : 1)
      along = taken.constants.component
    } else {
      let shifted = index.metric == .squaredEuclidean ? zip(q, mean).map { $0 - $1 } : q
      query = try index.codec.prepare(shifted.span)
      (norm, offset, along) = (dot(q, q).squareRoot(), 0, 0)
    }
  }

  func score(of slot: Int) throws -> (score: Double, bound: Double) {
    let codes = try index.codes(at: slot)
    let product = try index.codec.values(query, for: codes)[0]
    let length = Double(try index.rows.scalar(.norms, at: slot))
    let rounding = try rounding(slot) * query.norm
    let stored = along == 0 ? 0 : Double(try index.rows.scalar(.centerComponents, at: slot))
    let offset = offset + along * stored
    let offsets = abs(self.offset) + abs(along * stored)
    let (score, bound, terms): (Double, Double, Double)
    switch index.metric {
    case .innerProduct:
      (score, bound, terms) = (product + offset, rounding, abs(product) + offsets)
    case .cosine:
      (score, bound) = ((product + offset) / norm, rounding / norm)
      terms = (abs(product) + offsets) / norm
    case .squaredEuclidean:
      let squares = length * length + query.norm * query.norm
      (score, bound, terms) = (squares - 2 * product, 2 * rounding, squares + 2 * abs(product))
    }
    // Float32 arithmetic on keys: factors, norm, alignment and constant are eight roundings of what is
    // added up, at most 2⁻²⁴ each.
    return (score, bound + 8 * 0x1p-24 * terms)
  }

  /// How far a score may be off that is taken from the decoded row, and not from the rotated query.
  ///
  /// Each rotation rounds every coordinate d times by up to ‖y‖ · 2⁻²⁴, and √d times that is the length
  /// of the error. A sketch is rotated twice, its length c√m times the residual's.
  func decodingError(of slot: Int) throws -> Double {
    let codec = index.codec
    let d = Double(codec.dimension)
    let decoded = try codec.decode(index.codes(at: slot))
    var length = decoded.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    if codec.sketch == nil { length /= Double(try index.rows.scalar(.alignments, at: slot)) }
    if let sketch = codec.sketch {
      let residual = Double(try index.rows.scalar(.residualNorms, at: slot))
      length += 2 * residual * sketch.scale * Double(sketch.directions).squareRoot()
    }
    let factor = index.metric == .squaredEuclidean ? 2 : index.metric == .cosine ? 1 / norm : 1
    // Our own rotation of the query errs as much as their rotation of the row; then float32 output.
    let scale = factor * query.norm
    return 2 * d * d.squareRoot() * 0x1p-24 * length * scale
  }

  /// The most by which a row's estimate divided by ‖q‖ may be off.
  private func rounding(_ slot: Int) throws -> Double {
    let (codec, u) = (index.codec, query.direction.map { Double($0) })
    let norm = Double(try index.rows.scalar(.norms, at: slot))
    let alignment = codec.sketch == nil ? Double(try index.rows.scalar(.alignments, at: slot)) : 1
    let centroids = try #require(codec.scalarQuantizer).segments[0].codebook.centroids
    let reach = Double(try #require(centroids.last))
    let d = Double(u.count)
    var tables = QueryTables()
    tables.append(
      query.direction.span, query.projections.span, sketchScale: codec.sketch?.scale ?? 0,
      index.scanCodebook, codec.kernels, readsSigns: false, readsSecondPlane: false)
    let scale = tables.codeScales[0]
    let sum1 = u.reduce(0) { $0 + abs($1) }
    var error: Double
    switch index.scanCodebook {
    // Every entry is rounded by half a step, and is made of at most eight float32 operations.
    case .signs: error = tableError(scale, count: 2 * ((u.count + 7) / 8))
    case .lookup: error = tableError(scale, count: 4 * ((u.count + 7) / 8))
    case .int8(let numbers, let meaning):
      let whole = numbers.prefix(centroids.count).map { meaning.step * Double(Int($0) - 64) }
      error = productError(u, IntegerQuery(query.direction.span, largest: 64), centroids, whole)
    case .int16(let magnitudes, let meaning):
      let upper = magnitudes.map { meaning.step * Double($0) }
      error = productError(
        u, IntegerQuery(query.direction.span, largest: 4095), centroids,
        upper.reversed().map { -$0 } + upper)
    }
    // The sum, its step and offset in float32; and the codec's own sum of d terms (Numerics.md).
    error += 4 * 0x1p-24 * (2 * abs(scale.offset) + sum1 * reach)
    error += d * 0x1p-23 * sum1 * reach
    var total = norm * error / alignment
    if let sketch = codec.sketch {
      let scale = tables.sketchScales[0]
      let residual = Double(try index.rows.scalar(.residualNorms, at: slot))
      let sum = query.projections.reduce(0) { $0 + abs(Double($1)) } * sketch.scale
      let roundings = 4 * 0x1p-24 * (2 * abs(scale.offset) + sum)
      let own = Double(sketch.directions) * 0x1p-23 * sum
      let count = 2 * ((sketch.directions + 7) / 8)
      total += residual * (tableError(scale, count: count) + roundings + own)
    }
    return total
  }

  private func tableError(_ scale: SumScale, count: Int) -> Double {
    // Eight operations of 2⁻²⁴ on values of at most 127 steps are 2⁻¹⁴ steps.
    Double(count) * scale.step * (0.5 + 0x1p-14)
  }

  /// c·u − c′·u′ = c·(u − u′) + (c − c′)·u′, at most.
  private func productError(
    _ u: [Double], _ whole: IntegerQuery, _ centroids: [Float], _ rounded: [Double]
  ) -> Double {
    let widest = centroids.reduce(0.0) { max($0, abs(Double($1))) }
    let worst = zip(centroids, rounded).reduce(0.0) { max($0, abs(Double($1.0) - $1.1)) }
    var error = 0.0
    for (i, number) in whole.numbers.enumerated() {
      let rounded = whole.step * Double(number)
      error += abs(u[i] - rounded) * widest + worst * abs(rounded)
    }
    return error
  }
}
