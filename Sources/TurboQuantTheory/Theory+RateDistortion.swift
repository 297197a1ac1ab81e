package import TurboQuant
internal import TurboQuantKernels

extension Theory {
  /// Result 3: no b-bit code of a normal coordinate beats D = 4⁻ᵇ (Shannon 1959).
  ///
  /// As the rate grows, scalar codes come within a factor of √3π/2 of this bound at a fixed rate
  /// (Panter and Dite 1951), and within πe/6 with entropy-coded indices (Gish and Pierce 1968).
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func rateDistortion() throws(CodecError) -> TheoryResult {
    let d = 384
    var comparisons: [Comparison] = []
    for bits in 1...8 {
      let floor = Double(sign: .plus, exponent: -2 * bits, significand: 1)
      // At many bits, rare overloads dominate the error, so more bits need more draws.
      let count = [300, 300, 300, 500, 900, 3000, 4000, 4000][bits - 1]
      let measured = try distortion(dimension: d, bits: bits, count: count)
      comparisons.append(
        Comparison(
          "D of the codec, d = \(d), \(bits) bits", predicted: measured.predicted,
          measured.moments, bound: .atLeast(floor)))
    }
    comparisons.append(try unrotatedSpike(dimension: d, bits: 4))
    comparisons.append(try entropyCoded(dimension: d))
    let eighth = Codebook(law: .gaussian, bits: 8).distortion
    return TheoryResult(
      3, "Rate and distortion",
      "Each bit more divides the error by four; scalar codes of rotated vectors are near the floor.",
      comparisons,
      figures: [
        TheoryFigure("fixed-rate gap √3π/2", squareRoot(3) * Double.pi / 2),
        TheoryFigure("D · 4ᵇ of the normal codebook at 8 bits", eighth * 65_536),
        TheoryFigure("entropy-coded gap πe/6", Double.pi * Portable.exp(1) / 6),
      ])
  }

  /// ‖x − x̂‖² of a unit spike after encoding and decoding by whole codecs.
  private func distortion(
    dimension d: Int, bits: Int, count: Int
  ) throws(CodecError) -> (predicted: Double, moments: Moments) {
    let codec = try Codec(dimension: d, rate: .bits(bits))
    let (spike, _) = Self.pair(dimension: d, cosine: 1)
    var moments = Moments()
    for seed in seeds(count, measurement: 30 + UInt32(bits)) {
      let codec = try codec.reseeded(with: seed)
      let decoded = try codec.decode(codec.encode(spike.span))
      var square = 0.0
      for i in 0..<d {
        let difference = Double(spike[i]) - Double(decoded[i])
        square += difference * difference
      }
      moments.add(square)
    }
    return (codec.distortion ?? 0, moments)
  }

  /// The error of the same codebook on the unrotated spike, which rotation avoids.
  private func unrotatedSpike(dimension d: Int, bits: Int) throws(CodecError) -> Comparison {
    let quantizer = try ScalarQuantizer(dimension: d, rate: .bits(bits))
    let (spike, _) = Self.pair(dimension: d, cosine: 1)
    let square = try quantizer.squaredErrorWithoutRotation(of: spike.span)
    // One coordinate is rounded to the outermost centroid; all others are 0, rounded to an innermost one.
    let centroids = quantizer.segments[0].codebook.exactCentroids
    let outer = centroids[centroids.count - 1]
    let inner = centroids[centroids.count / 2]
    let predicted = (1 - outer) * (1 - outer) + Double(d - 1) * inner * inner
    return Comparison(
      "D of a spike not rotated, \(bits) bits", predicted: predicted, measured: square)
  }

  /// D · 4^H of a uniform quantizer on rotated coordinates, with a step of half a standard deviation.
  private func entropyCoded(dimension d: Int) throws(CodecError) -> Comparison {
    let law = CoordinateLaw.sphere(dimension: d)
    let cells = UniformCells(law: law, step: law.scale / 2)
    var (error, nats, joint) = (Moments(), Moments(), Moments())
    try forEachRotatedSpike(dimension: d, count: 600, measurement: 39) { y in
      // An ideal code spends −log p on a cell of probability p (Shannon).
      var (square, spent) = (0.0, 0.0)
      for value in y {
        let cell = cells.index(of: Double(value))
        let difference = Double(value) - cells.centre(cell)
        square += difference * difference
        spent -= Portable.log(cells.probability(cell))
      }
      error.add(square)
      nats.add(spent / Double(d))
      // To first order, the logarithm of D · e^2H changes by this.
      joint.add(square / cells.distortion + 2 * spent / Double(d))
    }
    let product = error.mean * Portable.exp(2 * nats.mean)
    return Comparison(
      "D · 4ᴴ of uniform cells of σ/2, entropy-coded",
      predicted: cells.distortion * Portable.exp(2 * cells.entropy), measured: product,
      standardError: product * joint.standardError, bound: .atLeast(1))
  }
}

/// Cells of equal width around the multiples of a step, with their probabilities under a law.
private struct UniformCells {
  let step: Double
  /// Probabilities of cells 0, 1, 2 …; negative cells are their mirror images.
  private let probabilities: [Double]
  /// The expected squared error of a unit vector, over all its coordinates.
  let distortion: Double
  /// The entropy of a cell's number, in nats.
  let entropy: Double

  init(law: CoordinateLaw, step: Double) {
    self.step = step
    let mass = 2 * law.integral(from: 0, to: law.upperEnd)
    var (probabilities, distortion, entropy) = ([Double](), 0.0, 0.0)
    var (low, number) = (0.0, 0.0)
    // Beyond 12 standard deviations, probabilities vanish in double precision.
    while low < min(12 * law.scale, law.upperEnd) {
      let centre = number * step
      let high = min(centre + step / 2, law.upperEnd)
      // Cell 0 lies on both sides of the origin, and every other cell has a mirror image: both count twice.
      let p = 2 * law.integral(from: low, to: high) / mass
      let share = number == 0 ? p : p / 2
      probabilities.append(share)
      if share > 0 { entropy -= p * Portable.log(share) }
      distortion +=
        2 * law.integral(from: low, to: high) { ($0 - centre) * ($0 - centre) } / mass
      low = high
      number += 1
    }
    self.probabilities = probabilities
    self.distortion = distortion / (law.scale * law.scale)
    self.entropy = entropy
  }

  func index(of y: Double) -> Int { Int(y / step + (y < 0 ? -0.5 : 0.5)) }
  func centre(_ cell: Int) -> Double { Double(cell) * step }
  func probability(_ cell: Int) -> Double {
    probabilities[min(abs(cell), probabilities.count - 1)]
  }
}
