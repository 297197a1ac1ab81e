import TurboQuant
import TurboQuantKernels

/// Figure 11: the sample vectors, exact and compressed: one query's ten nearest, and attention to them.
///
/// Controls: bits, query, sharpness of the softmax.
enum Search {
  static let nearest = 10

  static func report(
    _ setting: Setting, _ samples: Samples, _ codecs: inout CodecStore
  ) throws(CodecError) -> Report {
    let query = samples.query(setting.integer(1, in: 0...samples.queryCount - 1))
    let store = try codecs.encoded(samples, bits: setting[0], seed: setting.seed)
    let exact = samples.products(with: query)
    let estimates = try store.codec.estimates(store.codec.prepare(query.span), for: store.codes)
    let values = estimates.map { $0.value }
    let (true10, found10) = (best(nearest, of: exact), best(nearest, of: values))

    var report = Report()
    report.plot("exactRows", true10.map { Double($0) })
    report.plot("exactScores", true10.map { exact[$0] })
    report.plot("foundRows", found10.map { Double($0) })
    report.plot("foundScores", found10.map { values[$0] })
    report.compare(
      "found of the ten nearest, this query", predicted: nil,
      measured: Double(found10.count { true10.contains($0) }))
    compareErrors(exact, estimates, in: &report)
    report.compare(
      "bytes of a vector (1,536 as float32)",
      predicted: Double(Samples.dimension) * setting[0] / 8 + 8,
      measured: Double(store.codes.bytes.count) / Double(samples.rowCount))
    attend(exact, values, sharpness: setting[2], in: &report)
    return report
  }

  /// The spread of the estimates' errors, predicted from the codes and measured.
  private static func compareErrors(
    _ exact: [Double], _ estimates: [Estimate], in report: inout Report
  ) {
    var (predicted, measured) = (Moments(), Moments())
    for (truth, estimate) in zip(exact, estimates) {
      predicted.add(estimate.standardError * estimate.standardError)
      let error = estimate.value - truth
      measured.add(error * error)
    }
    let root = squareRoot(measured.mean)
    report.compare(
      "root mean square error of ⟨x, q⟩", predicted: squareRoot(predicted.mean), measured: root,
      standardError: measured.standardError / (2 * root))
  }

  /// Softmax over all rows as keys, from exact and from estimated inner products.
  private static func attend(
    _ exact: [Double], _ estimates: [Double], sharpness: Double, in report: inout Report
  ) {
    let (right, ours) = (softmax(exact, sharpness), softmax(estimates, sharpness))
    let heaviest = best(12, of: right)
    report.plot("keys", heaviest.map { Double($0) })
    report.plot("weights", heaviest.map { right[$0] })
    report.plot("estimatedWeights", heaviest.map { ours[$0] })
    let moved = zip(right, ours).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
    report.compare("attention that lands on another key", predicted: nil, measured: moved)
  }

  private static func softmax(_ scores: [Double], _ sharpness: Double) -> [Double] {
    let top = scores.reduce(scores[0]) { max($0, $1) }
    let powers = scores.map { Portable.exp(max(-700, sharpness * ($0 - top))) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  /// The places of the `count` largest scores, best first; equal scores are ordered by place.
  static func best(_ count: Int, of scores: [Double]) -> [Int] {
    var kept: [Int] = []
    for (place, score) in scores.enumerated() {
      if kept.count == count, score <= scores[kept[count - 1]] { continue }
      let rank = kept.firstIndex { scores[$0] < score } ?? kept.count
      kept.insert(place, at: rank)
      if kept.count > count { kept.removeLast() }
    }
    return kept
  }
}
