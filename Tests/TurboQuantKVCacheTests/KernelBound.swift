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
  private let keyLengths: [Double]
  /// In what metric keys are read, with queries that belong to it.
  private let metric: KeyMetric?
  private let kernels: Kernels
  private let keyGroups, valueGroups: [SealedGroup]
  /// The tokens whose codes are sealed, of keys and of values.
  private let sealedKeys, sealedValues: Range<Int>

  init(_ cache: KVCache, head: Int, _ keys: [Float], _ values: [Float], scale: Float) throws {
    let heldHead = cache.heads[head]
    shape = cache.codec.configuration.shape
    self.scale = Double(scale)
    self.values = values
    (metric, kernels) = (heldHead.keys.metric, cache.codec.kernels)
    longestKey = lengths(keys, shape.keyDimension).max() ?? 0
    var equalizedKeys = keys
    metric?.equalize(keys: &equalizedKeys, kernels)
    keyLengths = lengths(equalizedKeys, shape.keyDimension)
    // Codes are of values less their centre, which may be longer if the centre is none of theirs.
    let center = heldHead.values.center
    let centered =
      center.isEmpty ? values : values.enumerated().map { $1 - center[$0 % center.count] }
    let longestValue =
      (lengths(values, shape.valueDimension) + lengths(centered, shape.valueDimension)).max()
    valueDeviation = (longestValue ?? 0) / Double(shape.valueDimension).squareRoot()
    keyGroups = SealedGroup.all(heldHead.keys, cache.codec.keyCodec)
    valueGroups = SealedGroup.all(heldHead.values, cache.codec.valueCodec)
    sealedKeys = KernelBound.sealed(heldHead.keys)
    sealedValues = KernelBound.sealed(heldHead.values)
  }

  private static func sealed(_ vectors: HeadVectors) -> Range<Int> {
    guard case .codes(let pages, _) = vectors.stored else { return 0..<0 }
    return vectors.storedStart..<vectors.storedStart + pages[0].sealed.count
  }

  /// The bound of every coordinate.
  func bounds(_ q: [Float], _ expected: Reference) throws -> [Double] {
    let d = shape.valueDimension
    var score = lengths(q, q.count)[0] * longestKey * scale
    var q = q
    if let metric {
      // T⁻ᵀ·q adds up d products a coordinate.
      q = metric.equalized(queries: q.span, kernels)
      score +=
        Double(q.count).squareRoot() * lengths(q, q.count)[0] * (keyLengths.max() ?? 0) * scale
    }
    let length = lengths(q, q.count)[0]
    let floats = 2.5 * 0x1p-24 * (4 + score) * valueDeviation
    // Float32 has no steps below 2⁻¹⁴⁹: each product of a weight and a scale, and each step of the inverse rotation, is
    // off by half of one, however small the values are.
    let underflow = 0x1p-149 * Double(expected.weights.count + d)
    var bounds = [Double](repeating: floats + underflow, count: d)
    try addCentroidRounding(q, expected, to: &bounds)
    try addWeightRounding(expected.weights, to: &bounds)
    let variances = try queryRounding(q, length, expected)
    // Six deviations of what is rounded at random.
    return zip(bounds, variances).map { $0 + 6 * $1.squareRoot() }
  }

  /// What rounding the centroids does, exactly: tokens that are alike have the same codes, whose errors add up.
  private func addCentroidRounding(
    _ q: [Float], _ expected: Reference, to bounds: inout [Double]
  ) throws {
    let d = shape.valueDimension
    var weights = expected.weights
    for (row, shift) in try scoreShifts(q).enumerated() {
      let t = sealedKeys.lowerBound + row
      guard t < weights.count else { break }
      weights[t] *= Portable.exp(expected.slopes[t] * shift)
    }
    let total = 1 + zip(weights, expected.weights).reduce(0) { $0 + $1.0 - $1.1 }
    var changes = [Double](repeating: 0, count: d)
    for t in weights.indices {
      let change = weights[t] / total - expected.weights[t]
      for i in 0..<d { changes[i] += change * Double(values[t * d + i]) }
    }
    for group in valueGroups where !group.roundings.isEmpty {
      let n = group.dimension
      var sums = [Double](repeating: 0, count: n)
      for (row, t) in sealedValues.enumerated() where t < weights.count {
        for i in 0..<n { sums[i] += weights[t] / total * group.roundings[row * n + i] }
      }
      let back = try group.codec.codec.rotation.applyInverse(to: sums.map { Float($0) })
      for (channel, change) in zip(group.channels, back) { changes[channel] += Double(change) }
    }
    for i in 0..<d { bounds[i] += abs(changes[i]) }
  }

  /// By how much the kernels' numbers for centroids change the score of each sealed key.
  private func scoreShifts(_ q: [Float]) throws -> [Double] {
    var shifts = [Double](repeating: 0, count: sealedKeys.count)
    for group in keyGroups where !group.roundings.isEmpty {
      let rotated = try group.rotated(q).map { scale * Double($0) }
      for row in shifts.indices {
        for (i, x) in rotated.enumerated() {
          shifts[row] += x * group.roundings[row * rotated.count + i]
        }
      }
    }
    return shifts
  }

  /// The variance of each coordinate that rounding the query makes: one error for all keys, in every direction alike.
  private func queryRounding(
    _ q: [Float], _ length: Double, _ expected: Reference
  ) throws -> [Double] {
    let d = shape.valueDimension
    let seen = sealedKeys.clamped(to: 0..<expected.weights.count)
    let weights = seen.map { scale * expected.slopes[$0] * expected.weights[$0] }
    return try (0..<d).map { coordinate in
      let factors = zip(seen, weights).map { t, weight in
        weight * (Double(values[t * d + coordinate]) - expected.output[coordinate])
      }
      var variance = 0.0
      for group in keyGroups {
        let deviation = try group.queryDeviation(q)
        var sums = [Double](repeating: 0, count: group.dimension)
        for (row, factor) in factors.enumerated() where !group.rows.isEmpty {
          for i in sums.indices { sums[i] += factor * group.rows[row * sums.count + i] }
        }
        variance += sums.reduce(0) { $0 + deviation * deviation * $1 * $1 }
        // Projections: as if all keys had the same signs.
        let most = zip(seen, factors).reduce(0) { $0 + abs($1.1) * length * keyLengths[$1.0] }
        variance += group.projections * most * most
      }
      return variance
    }
  }

  /// Products of weight and scale are rounded to steps of a fraction of a page's largest, by half a step or all of it.
  private func addWeightRounding(_ weights: [Double], to bounds: inout [Double]) throws {
    for group in valueGroups {
      for (steps, parts) in try group.weightParts() {
        for first in stride(from: 0, to: group.scales.count, by: Page.rowCount) {
          let rows = first..<min(group.scales.count, first + Page.rowCount)
          let products = rows.map { row in
            let t = sealedValues.lowerBound + row
            return t < weights.count ? weights[t] * group.scales[row] : 0
          }
          let step = (products.max() ?? 0) / steps
          for (row, product) in zip(rows, products) where product > 0 {
            let factor = min(step / 2, product) / group.scales[row]
            for (i, channel) in group.channels.enumerated() {
              bounds[channel] += factor * abs(Double(parts[row * group.dimension + i]))
            }
          }
        }
      }
    }
  }
}

extension SealedGroup {
  /// The query's part in the rotated frame.
  fileprivate func rotated(_ q: [Float]) throws -> [Float] {
    try codec.codec.rotation.apply(to: channels.map { q[$0] })
  }

  /// The deviation of each rotated coordinate of a query from what it is rounded to.
  ///
  /// A step is that of the largest, some three deviations: 4 here.
  fileprivate func queryDeviation(_ q: [Float]) throws -> Double {
    let square = channels.reduce(0) { $0 + Double(q[$1]) * Double(q[$1]) }
    return (square / Double(dimension)).squareRoot() * 4 / (2 * largestOfQuery) / 3.0.squareRoot()
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
        let bound = try bounds.bounds(Array(q), expected)
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
