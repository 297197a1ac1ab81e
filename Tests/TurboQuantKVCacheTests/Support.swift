import Foundation
import TestSupport
import TurboQuant
import TurboQuantKVCache

/// What attention in double precision finds.
struct Reference {
  let output: [Double]
  /// Of all tokens that are seen; they sum to one, less what a sink logit takes.
  let weights: [Double]
  /// How much each score grows with what it was before the cap.
  let slopes: [Double]
}

/// Softmax attention of one query in double precision.
func reference(
  _ q: ArraySlice<Float>, keys: [Float], values: [Float], visible: Int, valueDimension: Int,
  scale: Float, cap: Float? = nil, sinkLogit: Float? = nil, sinks: Int = 0, reach: Int? = nil
) -> Reference {
  let d = q.count
  let scores = (0..<visible).map { t in
    zip(q, keys[t * d..<(t + 1) * d]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      * Double(scale)
  }
  return reference(
    scores: scores, values: values, valueDimension: valueDimension, cap: cap, sinkLogit: sinkLogit,
    sinks: sinks, reach: reach)
}

/// The same of scores, one for each token that is visible.
func reference(
  scores: [Double], values: [Float], valueDimension: Int, cap: Float? = nil,
  sinkLogit: Float? = nil, sinks: Int = 0, reach: Int? = nil, sees: (Int) -> Bool = { _ in true }
) -> Reference {
  let visible = scores.count
  var scores = scores
  // Before the mask, whose −∞ a cap would make finite.
  var slopes = [Double](repeating: 1, count: visible)
  if let cap {
    let parts = scores.map { tanh($0 / Double(cap)) }
    scores = parts.map { Double(cap) * $0 }
    slopes = parts.map { 1 - $0 * $0 }
  }
  for t in scores.indices where !sees(t) { scores[t] = -.infinity }
  if let reach, visible - reach > sinks {
    for t in sinks..<visible - reach { scores[t] = -.infinity }
  }
  let largest = max(scores.max() ?? 0, sinkLogit.map(Double.init) ?? -.infinity)
  let weights = scores.map { Portable.exp(max(-700, $0 - largest)) }
  let sum =
    weights.reduce(0, +) + (sinkLogit.map { Portable.exp(max(-700, Double($0) - largest)) } ?? 0)
  let output = (0..<valueDimension).map { i in
    (0..<visible).reduce(0.0) { $0 + weights[$1] * Double(values[$1 * valueDimension + i]) } / sum
  }
  return Reference(output: output, weights: weights.map { $0 / sum }, slopes: slopes)
}

extension KVCache {
  /// The output of attention as an array.
  func attended(_ queries: [Float], scale: Float? = nil, threads: Int = 1) throws -> [Float] {
    let shape = codec.configuration.shape
    var output = [Float](
      repeating: .nan, count: queries.count / shape.keyDimension * shape.valueDimension)
    var target = output.mutableSpan
    try attend(queries.span, into: &target, scale: scale, threads: threads)
    return output
  }

  /// Appends tokens `range` of [heads, tokens, dimension] arrays of `total` tokens.
  mutating func append(_ keys: [Float], _ values: [Float], _ range: Range<Int>, of total: Int)
    throws
  {
    let shape = codec.configuration.shape
    func part(_ floats: [Float], _ dimension: Int) -> [Float] {
      (0..<shape.keyValueHeads).flatMap { h in
        floats[
          (h * total + range.lowerBound) * dimension..<(h * total + range.upperBound) * dimension]
      }
    }
    let (k, v) = (part(keys, shape.keyDimension), part(values, shape.valueDimension))
    try append(keys: k.span, values: v.span)
  }
}
