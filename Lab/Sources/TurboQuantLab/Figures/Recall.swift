import TurboQuant

/// The lower part of figure 11: recall over all queries of the sample, at 1 … 4 bits.
///
/// The seed is its only control.
enum Recall {
  static func report(
    _ setting: Setting, _ samples: Samples, _ codecs: inout CodecStore
  ) throws(CodecError) -> Report {
    let queries = (0..<samples.queryCount).map { samples.query($0) }
    let truth = queries.map { Search.best(Search.nearest, of: samples.products(with: $0)) }
    let bits = [1.0, 2, 3, 4]
    var report = Report()
    var recalls: [Moments] = []
    for rate in bits {
      let store = try codecs.encoded(samples, bits: rate, seed: setting.seed)
      var recall = Moments()
      for (query, nearest) in zip(queries, truth) {
        let values = try store.codec.values(store.codec.prepare(query.span), for: store.codes)
        let found = Search.best(Search.nearest, of: values).count { nearest.contains($0) }
        recall.add(Double(found) / Double(Search.nearest))
      }
      recalls.append(recall)
      let width = "\(Int(rate)) \(rate == 1 ? "bit" : "bits")"
      report.compare(
        "recall@10, \(samples.queryCount) queries, \(width)", predicted: nil,
        measured: recall.mean, standardError: recall.standardError)
    }
    report.plot("bits", bits)
    report.plot("recall", of: recalls)
    return report
  }
}
