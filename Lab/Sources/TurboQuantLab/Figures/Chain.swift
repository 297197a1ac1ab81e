import TurboQuant
import TurboQuantKernels

/// Figure 10: one vector on its way through the whole chain, with every intermediate result.
///
/// Controls: dimension, bits of stage 1, cosine of vector and query, repetitions.
enum Chain {
  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let d = setting.integer(0, in: 2...64)
    let bits = setting.integer(1, in: 1...7)
    let cosine = setting[2]
    let count = setting.integer(3, in: 2...10_000)
    let codec = try Codec(
      dimension: d, rate: .bits(bits + 1), quantizer: .twoStage(), seed: setting.seed)
    let (x, q) = pair(dimension: d, cosine: cosine, setting)
    let stages = try Stages(codec, try codec.encode(x.span)[0], x, q)

    var report = Report()
    report.plot("x", x.map { Double($0) })
    report.plot("rotated", stages.rotated)
    report.plot("codes", stages.codes.map { Double($0) })
    report.plot("centroids", stages.centroids)
    report.plot("residual", stages.residual)
    report.plot("signs", stages.signs.map { $0 ? 1 : -1 })
    report.plot("projections", stages.projections)
    report.plot("query", stages.query)
    let here = try Estimates(codec, x, q)
    let all = try repeated(codec, x, q, count, setting)
    let share = codec.distortion ?? 0
    func compare(_ name: String, predicted: Double, _ here: Double, _ all: Moments) {
      // The estimate of one seed scatters with the standard deviation over all seeds.
      report.compare(
        "\(name), this seed", predicted: predicted, measured: here, standardError: all.deviation)
      report.compare(
        "… mean over \(count) seeds", predicted: predicted, measured: all.mean,
        standardError: all.standardError)
    }
    compare(
      "stage 1 alone: ⟨ŷ, Rq⟩, shrunk by 1 − D", predicted: (1 - share) * cosine, here.first,
      all.first)
    compare("what the signs add", predicted: share * cosine, here.signs, all.signs)
    compare("estimate of ⟨x, q⟩", predicted: cosine, here.first + here.signs, all.both)
    return report
  }

  /// A unit vector with a few large coordinates, and a query at the given cosine to it.
  private static func pair(
    dimension d: Int, cosine: Double, _ setting: Setting
  ) -> (x: [Float], q: [Float]) {
    var stream = Draws.vectors(figure: 10, of: setting)
    let x = Input.heavyTailed.vector(dimension: d, from: &stream, nil).map { Double($0) }
    var across = (0..<d).map { _ in stream.nextNormal() }
    let along = zip(x, across).reduce(0) { $0 + $1.0 * $1.1 }
    for i in 0..<d { across[i] -= along * x[i] }
    let length = squareRoot(across.reduce(0) { $0 + $1 * $1 })
    let sine = squareRoot(max(0, 1 - cosine * cosine))
    let q = zip(x, across).map { Float(cosine * $0 + sine * $1 / length) }
    return (x.map { Float($0) }, q)
  }

  /// The estimates with rotations and directions of other seeds.
  private static func repeated(
    _ codec: Codec, _ x: [Float], _ q: [Float], _ count: Int, _ setting: Setting
  ) throws(CodecError) -> (first: Moments, signs: Moments, both: Moments) {
    var (first, signs, both) = (Moments(), Moments(), Moments())
    for seed in Draws.seeds(count, figure: 10, of: setting) {
      let estimates = try Estimates(codec.reseeded(with: seed), x, q)
      first.add(estimates.first)
      signs.add(estimates.signs)
      both.add(estimates.first + estimates.signs)
    }
    return (first, signs, both)
  }

  /// One codec's estimate of ⟨x, q⟩.
  private struct Estimates {
    /// The estimate by stage 1 alone.
    let first: Double
    /// The correction that the signs add.
    let signs: Double

    init(_ codec: Codec, _ x: [Float], _ q: [Float]) throws(CodecError) {
      let row = try codec.encode(x.span)[0]
      let query = try codec.prepare(q.span)
      first = try codec.estimate(query, for: row, by: .reconstruction).value
      signs = try codec.estimate(query, for: row, by: .twoStage).value - first
    }
  }

  /// The values that one row of codes stands for, read back from its bytes.
  private struct Stages {
    let rotated: [Double]
    let codes: [Int]
    let centroids: [Double]
    let residual: [Double]
    let signs: [Bool]
    /// J · R · q, the weights of the signs.
    let projections: [Double]
    let query: [Double]

    init(_ codec: Codec, _ row: CodeRow, _ x: [Float], _ q: [Float]) throws(CodecError) {
      guard let segment = codec.scalarQuantizer?.segments.first, let sketch = codec.sketch else {
        preconditionFailure("not a codec of two stages")
      }
      let bytes = Array(row.bytes)
      let rotatedQuery = try codec.rotation.apply(to: q.span)
      rotated = try codec.rotation.apply(to: x.span).map { Double($0) }
      let bits = segment.codebook.bits
      codes = segment.coordinates.map { i in
        (0..<bits).reduce(0) { $0 | (bytes.bit(i * bits + $1) ? 1 << $1 : 0) }
      }
      centroids = codes.map { segment.codebook.exactCentroids[$0] }
      residual = zip(rotated, centroids).map { $0 - $1 }
      let signBytes = Array(bytes[codec.layout.signs])
      signs = (0..<sketch.directions).map { signBytes.bit($0) }
      projections = try sketch.project(rotatedQuery.span).map { Double($0) }
      query = rotatedQuery.map { Double($0) }
    }
  }
}
