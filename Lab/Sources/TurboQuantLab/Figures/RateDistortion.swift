import TurboQuant
import TurboQuantKernels

/// Figure 3: squared error by bits per coordinate.
///
/// Controls: ``Input``, dimension, bits at the marker, vectors.
enum RateDistortion {
  static let rates = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6]
  /// Steps of the uniform quantizer, in standard deviations.
  static let steps = [2.5, 2, 1.5, 1.2, 1, 0.75, 0.5, 0.35, 0.25, 0.15]

  static func report(
    _ setting: Setting, _ samples: Samples?, _ codecs: inout CodecStore
  ) throws(CodecError) -> Report {
    guard let input = Input(rawValue: setting.integer(0, in: 0...3)) else {
      preconditionFailure("no such input")
    }
    let d = setting.integer(1, in: 2...2048)
    let marker = setting[2]
    let count = setting.integer(3, in: 2...1000)
    var stream = Draws.vectors(figure: 3, of: setting)
    let vectors = (0..<count).map { _ in input.vector(dimension: d, from: &stream, samples) }
    let seeds = Draws.seeds(count, figure: 3, of: setting)

    var report = Report()
    var (predicted, measured, unrotated) = ([Double](), [Moments](), [Moments]())
    for rate in rates {
      let codec = try codecs.codec(dimension: d, bits: rate)
      let ours = try distortion(codec, vectors, seeds)
      let plain = distortion(codec.scalarQuantizer?.segments ?? [], vectors)
      predicted.append(codec.distortion ?? 0)
      measured.append(ours)
      unrotated.append(plain)
      if rate == marker { compare(marker, codec, ours, plain, in: &report) }
    }
    report.plot("bits", rates)
    report.plot("shannon", rates.map(floor))
    report.plot("lloydMax", predicted)
    report.plot("measured", of: measured)
    report.plot("unrotated", of: unrotated)
    report.plot("entropyLimit", rates.map { floor($0) * Double.pi * Portable.exp(1) / 6 })
    let coded = try steps.map { step throws(CodecError) in
      try EntropyCoded(step: step, vectors, seeds)
    }
    report.plot("entropyBits", coded.map { $0.bits })
    report.plot("entropyDistortion", of: coded.map { $0.distortion })
    return report
  }

  private static func compare(
    _ bits: Double, _ codec: Codec, _ ours: Moments, _ plain: Moments, in report: inout Report
  ) {
    report.compare(
      "D of the codec at \(codec.rate) bits", predicted: codec.distortion, measured: ours.mean,
      standardError: ours.standardError)
    let gap = 1 / floor(bits)
    report.compare(
      "times Shannon’s lower bound 4⁻ᵇ", predicted: (codec.distortion ?? 0) * gap,
      measured: ours.mean * gap, standardError: ours.standardError * gap)
    report.compare(
      "D of the same codebook without rotation", predicted: nil, measured: plain.mean,
      standardError: plain.standardError)
  }

  /// 4⁻ᵇ.
  static func floor(_ bits: Double) -> Double { Portable.exp(-2 * bits * Portable.log(2)) }

  /// ‖x − x̂‖² of unit vectors after whole codecs, each with another seed.
  private static func distortion(
    _ codec: Codec, _ vectors: [[Float]], _ seeds: [UInt64]
  ) throws(CodecError) -> Moments {
    var moments = Moments()
    for (x, seed) in zip(vectors, seeds) {
      let codec = try codec.reseeded(with: seed)
      moments.add(squaredDistance(x, try codec.decode(codec.encode(x.span))))
    }
    return moments
  }

  /// ‖x − x̂‖² for the codebooks alone, without a rotation.
  private static func distortion(
    _ segments: [ScalarQuantizer.Segment], _ vectors: [[Float]]
  ) -> Moments {
    var moments = Moments()
    for x in vectors {
      var y = x
      for segment in segments {
        let (boundaries, centroids) = (segment.codebook.boundaries, segment.codebook.centroids)
        for i in segment.coordinates {
          y[i] = centroids[boundaries.reduce(0) { $0 + ($1 <= x[i] ? 1 : 0) }]
        }
      }
      moments.add(squaredDistance(x, y))
    }
    return moments
  }
}

/// Rotated coordinates in equal cells with entropy-coded numbers: bits and error, both measured.
///
/// The bits are the entropy of the cells' observed shares, which an ideal code would spend.
private struct EntropyCoded {
  let bits: Double
  let distortion: Moments

  init(step: Double, _ vectors: [[Float]], _ seeds: [UInt64]) throws(CodecError) {
    let d = vectors[0].count
    let width = step / squareRoot(Double(d))
    let middle = Int(1 / width) + 1
    var counts = [Int](repeating: 0, count: 2 * middle + 1)
    var distortion = Moments()
    for (x, seed) in zip(vectors, seeds) {
      var error = 0.0
      for value in try Rotation(dimension: d, seed: seed).apply(to: x.span) {
        let cell = Portable.nearest(Double(value) / width)
        let difference = Double(value) - Double(cell) * width
        error += difference * difference
        counts[middle + cell] += 1
      }
      distortion.add(error)
    }
    let total = Double(d * vectors.count)
    let nats = counts.reduce(0.0) { sum, count in
      count > 0 ? sum - Double(count) / total * Portable.log(Double(count) / total) : sum
    }
    bits = nats / Portable.log(2)
    self.distortion = distortion
  }
}
