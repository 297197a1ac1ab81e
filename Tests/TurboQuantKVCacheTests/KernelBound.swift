import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantKVCache

/// How far attention's output may be from attention in double precision on the decoded cache
/// (Documentation/Numerics.md, “Attention on codes”).
struct KernelBound {
  private let shape: KVShape
  private let scale: Double
  private let values: [Float]
  private let longestKey, valueDeviation: Double
  private let keyLengths, valueLengths: [Double]
  private let keyQuads, valueQuads: Quads

  /// What is kept as quads, whose products are of integers.
  private struct Quads {
    /// The tokens that are sealed.
    var tokens = 0..<0
    /// What rounding the centroids makes of a coordinate, relative to the coordinates' deviation.
    var rounding = 0.0
    /// The largest whole number of a key's query, and of a value's weights: where parts differ the smaller.
    var largestOfQuery = Double.infinity
    var largestOfWeights = Double.infinity
    /// The variance of a score that rounding the query's projections makes, relative to ‖q‖²‖k‖².
    var projections = 0.0
  }

  init(_ cache: KVCache, head: Int, _ keys: [Float], _ values: [Float], scale: Float) throws {
    let heldHead = cache.heads[head]
    shape = cache.codec.configuration.shape
    self.scale = Double(scale)
    self.values = values
    keyLengths = lengths(keys, shape.keyDimension)
    // Codes are of values less their centre, which may be longer if the centre is none of theirs.
    let center = heldHead.values.center
    let whole = lengths(values, shape.valueDimension)
    let centered =
      center.isEmpty
      ? whole
      : lengths(
        values.enumerated().map { $1 - center[$0 % center.count] }, shape.valueDimension)
    valueLengths = zip(whole, centered).map { max($0, $1) }
    longestKey = keyLengths.max() ?? 0
    valueDeviation = (valueLengths.max() ?? 0) / Double(shape.valueDimension).squareRoot()
    keyQuads = KernelBound.quads(heldHead.keys, cache.codec.keyCodec)
    valueQuads = KernelBound.quads(heldHead.values, cache.codec.valueCodec)
  }

  /// The worst of all parts.
  private static func quads(_ vectors: HeadVectors, _ codec: KeyOrValueCodec?) -> Quads {
    var quads = Quads()
    guard let codec, case .codes(let pages, _) = vectors.stored else { return quads }
    var hasQuads = false
    for group in codec.channelGroups {
      for (part, whole) in zip(group.sealedLayout.parts, group.integerCodebooks) {
        guard let whole else { continue }
        hasQuads = true
        if let sketch = group.codec.sketch, case .signs = part.content {
          // Each of m projections of some ‖q‖/√d is off by half a step of 4 deviations over 64; the estimate is
          // √(π/2)·√d/m times their sum.
          let rounding = 4 / (2 * 64) / 3.0.squareRoot()
          quads.projections = max(
            quads.projections, Double.pi / 2 * rounding * rounding / Double(sketch.directions))
        }
        guard case .codes(let codebook) = part.content else { continue }
        let isNarrow = if case .int8 = whole.numbers { true } else { false }
        let largest = Double(QuadShape.largestWeight)
        quads.largestOfQuery = min(quads.largestOfQuery, isNarrow ? 64 : largest)
        quads.largestOfWeights = min(quads.largestOfWeights, isNarrow ? 8192 : largest)
        // Centroids of low probability count little in a root mean square: weigh them as the law does.
        let deviation = 1 / Double(group.codec.dimension).squareRoot()
        var (sum, weights) = (0.0, 0.0)
        for (i, c) in codebook.exactCentroids.enumerated() {
          let weight = Portable.exp(-c * c / (2 * deviation * deviation))
          let error = c - whole.step * Double(whole.number(ofCode: i))
          sum += weight * error * error
          weights += weight
        }
        quads.rounding = max(quads.rounding, (sum / weights).squareRoot() / deviation)
      }
    }
    let first = vectors.storedStart
    if hasQuads { quads.tokens = first..<first + pages[0].sealed.count }
    return quads
  }

  /// The bound of every coordinate.
  func bounds(_ q: [Float], _ expected: Reference) -> [Double] {
    let d = shape.valueDimension
    let length = q.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    // Weights of a query are rounded to half a step, the largest of which is some three deviations: 4 here.
    let queryRounding = 4 / (2 * keyQuads.largestOfQuery) / 3.0.squareRoot()
    let perScore =
      (queryRounding * queryRounding + keyQuads.rounding * keyQuads.rounding)
      / Double(shape.keyDimension) + keyQuads.projections
    var variances = [Double](repeating: 0, count: d)
    for (t, weight) in expected.weights.enumerated() {
      if keyQuads.tokens.contains(t) {
        let factor = scale * length * keyLengths[t]
        let score = weight * weight * factor * factor * perScore
        for i in 0..<d {
          let off = Double(values[t * d + i]) - expected.output[i]
          variances[i] += score * off * off
        }
      }
      if valueQuads.tokens.contains(t) {
        let each = weight * valueLengths[t] * valueQuads.rounding / Double(d).squareRoot()
        for i in 0..<d { variances[i] += each * each }
      }
    }
    addWeightRounding(expected.weights, to: &variances)
    let score = length * longestKey * scale
    let floats = 2.5 * 0x1p-24 * (4 + score) * valueDeviation
    // Float32 has no steps below 2⁻¹⁴⁹: each product of a weight and a scale, and each step of the inverse rotation, is
    // off by half of one, however small the values are.
    let underflow = 0x1p-149 * Double(expected.weights.count + d)
    // Six deviations of what is rounded at random.
    return variances.map { floats + underflow + 6 * $0.squareRoot() }
  }

  /// Weights times scales are rounded to steps of a fraction of a page's largest.
  private func addWeightRounding(_ weights: [Double], to variances: inout [Double]) {
    let d = Double(shape.valueDimension)
    for first in stride(
      from: valueQuads.tokens.lowerBound, to: valueQuads.tokens.upperBound, by: Page.rowCount)
    {
      let tokens = first..<min(weights.count, first + Page.rowCount)
      guard !tokens.isEmpty else { continue }
      let largest = tokens.map { weights[$0] * valueLengths[$0] }.max() ?? 0
      let step = largest / valueQuads.largestOfWeights
      let variance = step * step / 12 / d * Double(tokens.count)
      for i in variances.indices { variances[i] += variance }
    }
  }
}

private func lengths(_ floats: [Float], _ dimension: Int) -> [Double] {
  stride(from: 0, to: floats.count, by: dimension).map { start in
    floats[start..<start + dimension].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}

extension KVCache {
  /// Holds the output of `tokens` queries per query head to the bound, against attention in double precision on what the
  /// cache stands for; returns the largest error as a part of the bound.
  @discardableResult
  func expectAttention(
    _ queries: [Float], tokens: Int = 1, scale: Float? = nil, _ place: String
  ) throws -> Double {
    let configuration = codec.configuration
    let shape = configuration.shape
    let scale = scale ?? Float(1 / Double(shape.keyDimension).squareRoot())
    let found = try attended(queries, scale: scale)
    var largest = 0.0
    for head in 0..<shape.queryHeads {
      let group = head / (shape.queryHeads / shape.keyValueHeads)
      let (keys, values) = try decoded(head: group)
      let bounds = try KernelBound(self, head: group, keys, values, scale: scale)
      for t in 0..<tokens {
        let row = head * tokens + t
        let q = queries[row * shape.keyDimension..<(row + 1) * shape.keyDimension]
        let expected = reference(
          q, keys: keys, values: values, visible: count - tokens + 1 + t,
          valueDimension: shape.valueDimension, scale: scale, cap: configuration.logitCap,
          sinkLogit: configuration.sinkLogits.isEmpty ? nil : configuration.sinkLogits[head],
          sinks: configuration.sinks, reach: configuration.slidingWindow)
        let bound = bounds.bounds(Array(q), expected)
        for i in 0..<shape.valueDimension {
          let error = abs(Double(found[row * shape.valueDimension + i]) - expected.output[i])
          #expect(error <= bound[i], "\(place), head \(head), query \(t), coordinate \(i)")
          largest = max(largest, error / bound[i])
        }
      }
    }
    return largest
  }
}
