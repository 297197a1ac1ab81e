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
      _ = Codebook(law: .gaussian, bits: 2).prefix(bits: 3)
    }
  }

  @Test func angles() async {
    await #expect(processExitsWith: .failure) { _ = AngleLaw(first: 1, second: 2) }
    await #expect(processExitsWith: .failure) { _ = AngleLaw(first: 1, second: 0) }
    await #expect(processExitsWith: .failure) {
      _ = AngleCodebook(law: AngleLaw(first: 1, second: 1), bits: 9)
    }
    await #expect(processExitsWith: .failure) {
      _ = try PolarTransform(dimension: 16, levels: 2).law(level: 3, angle: 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = try PolarTransform(dimension: 16, levels: 2).law(level: 2, angle: 4)
    }
  }

  @Test func sketches() async {
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.tailBound(epsilon: 0, directions: 100)
    }
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.directions(epsilon: 1e-7, delta: 0.1)
    }
    await #expect(processExitsWith: .failure) {
      _ = ResidualSketch.directions(epsilon: 0.1, delta: 2)
    }
  }

  @Test func randomNumbers() async {
    await #expect(processExitsWith: .failure) {
      var stream = RandomStream(seed: 1, purpose: .testData)
      _ = stream.nextInteger(below: 0)
    }
  }
}
