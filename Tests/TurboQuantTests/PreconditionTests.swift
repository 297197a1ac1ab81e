import Testing

@testable import TurboQuant

/// What documented preconditions refuse: each ends the process, and does not go on with something else.
@Suite struct PreconditionTests {
  @Test func rowsOfACodeMatrix() async {
    await #expect(processExitsWith: .failure) {
      let codec = try Codec(dimension: 8, rate: .bits(4))
      _ = try codec.encode([Float](repeating: 1, count: 16).span)[2]
    }
    await #expect(processExitsWith: .failure) {
      let codec = try Codec(dimension: 8, rate: .bits(4))
      _ = try codec.encode([Float](repeating: 1, count: 16).span)[-1]
    }
  }

  @Test func codebooks() async {
    await #expect(processExitsWith: .failure) { _ = Codebook(law: .gaussian, bits: 0) }
    await #expect(processExitsWith: .failure) { _ = Codebook(law: .gaussian, bits: .max) }
    await #expect(processExitsWith: .failure) {
      _ = Codebook(law: .sphere(dimension: 0), bits: 2)
    }
    await #expect(processExitsWith: .failure) {
      _ = Codebook(law: .sphere(dimension: 1 << 24 + 1), bits: 2)
    }
    await #expect(processExitsWith: .failure) {
      _ = Codebook(law: .gaussian, bits: 2).prefix(bits: 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = Codebook(law: .gaussian, bits: 2).prefix(bits: 3)
    }
  }

  @Test func angles() async {
    await #expect(processExitsWith: .failure) { _ = AngleLaw(first: 1, second: 2) }
    await #expect(processExitsWith: .failure) { _ = AngleLaw(first: 1, second: 0) }
    await #expect(processExitsWith: .failure) { _ = AngleLaw(first: .max, second: .max) }
    await #expect(processExitsWith: .failure) {
      _ = AngleCodebook(law: AngleLaw(first: 1, second: 1), bits: 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = AngleCodebook(law: AngleLaw(first: 1, second: 1), bits: 9)
    }
    await #expect(processExitsWith: .failure) {
      _ = try PolarTransform(dimension: 16, levels: 2).law(ofAngle: 0, atLevel: 3)
    }
    await #expect(processExitsWith: .failure) {
      _ = try PolarTransform(dimension: 16, levels: 2).law(ofAngle: 4, atLevel: 2)
    }
    await #expect(processExitsWith: .failure) {
      _ = try PolarTransform(dimension: 16, levels: 2).law(ofAngle: 0, atLevel: 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = try PolarTransform(dimension: 16, levels: 2).law(ofAngle: -1, atLevel: 1)
    }
  }

  @Test func sketches() async {
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.tailBound(epsilon: 0, directions: 100)
    }
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.tailBound(epsilon: .nan, directions: 100)
    }
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.directions(epsilon: 1e-7, delta: 0.1)
    }
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.directions(epsilon: 0.1, delta: 2)
    }
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.directions(epsilon: 0.1, delta: 0)
    }
  }

  @Test func sumsOfCentroids() async {
    await #expect(processExitsWith: .failure) {
      _ = IntegerCodebook(leastVariance: Codebook(law: .gaussian, bits: 2))
    }
    await #expect(processExitsWith: .failure) {
      _ = try ScalarQuantizer(dimension: 2, rate: .bits(1)).squaredErrorWithoutRotation(
        of: [1].span)
    }
  }

  /// What a documented precondition might be expected for, and what is an error or a value.
  @Test func nothingElseEndsTheProcess() throws {
    let law = AngleLaw(first: 1 << 24, second: 1 << 24)
    #expect(law.probability(from: .nan, to: .infinity).isFinite)
    #expect(AngleLaw(first: 2, second: 1).probability(from: -.infinity, to: .infinity) == 1)
    #expect(ResidualSketch.tailBound(epsilon: 0.1, directions: -5) == 1)
    #expect(ResidualSketch.directions(epsilon: .infinity, delta: 1) == 1)
    for bits in [Int.min, -1, 0, 20, .max] {
      #expect(throws: CodecError.self) { try Codec(dimension: 8, rate: .bits(bits)) }
      #expect(throws: CodecError.self) {
        try Codec(dimension: 8, rate: .bits(bits), quantizer: .twoStage())
      }
    }
    let codec = try Codec(dimension: 8, rate: .bits(2))
    let estimate = try codec.estimate(
      codec.prepare([1, 2, 3, 4, 5, 6, 7, 8]), for: codec.encode([1, 2, 3, 4, 5, 6, 7, 8])[0])
    for deviations in [0, -1, .infinity, 1e300] {
      let (low, high) = estimate.interval(deviations)
      #expect(low <= high)
    }
  }

  @Test func randomNumbers() async {
    await #expect(processExitsWith: .failure) {
      var stream = RandomStream(seed: 1, purpose: .testData)
      _ = stream.nextInteger(below: 0)
    }
  }
}
