import Foundation
import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

/// PolarQuant's transform, codebooks and rows, against what was computed outside the package.
@Suite struct PolarTests {
  struct Fixture: Decodable, Sendable {
    struct Law: Decodable, Sendable {
      let first, second, bits: Int
      let centroids: [Double]
    }
    struct Codec: Decodable, Sendable {
      let dimension: Int
      let bits: [Int]
      let distortion: Double
    }
    let laws: [Law]
    let codecs: [Codec]
  }

  static let reference: Fixture? = {
    guard let data = try? Data(contentsOf: fixture("theory_polar.json")) else { return nil }
    return try? JSONDecoder().decode(Fixture.self, from: data)
  }()

  static let dimensions = [1, 2, 3, 7, 15, 16, 17, 19, 31, 33, 48, 100, 128, 200]

  // MARK: Transform

  /// Angles are rounded by at most 2⁻²² on the circle and 2⁻²⁴ elsewhere, radii and coordinates by 2⁻²⁴
  /// of their size; each moves the vector by at most that much of its length.
  @Test("Unquantized angles give the vector back", arguments: dimensions)
  func inverse(dimension: Int) throws {
    var random = RandomStream(seed: 7, purpose: .testData)
    for levels in 1...8 where 1 << levels <= dimension {
      let transform = try PolarTransform(dimension: dimension, levels: levels)
      let bound = (4 + Double(levels) + 1) * 0x1p-24
      for scale in [Float(1), 1e-30, 1e30] {
        let x = (0..<dimension).map { _ in scale * Float(random.nextNormal()) }
        let back = try transform.vector(of: transform.coordinates(of: x.span))
        let error = zip(x, back).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        #expect(error.squareRoot() <= bound * dot(x, x).squareRoot(), "seed 7, \(levels) levels")
      }
    }
  }

  @Test("Angles and radii are those of the definition") func coordinates() throws {
    let x: [Float] = [3, -4, -1, 0, 0, 2, 5, 12, 6]
    let polar = try PolarTransform(dimension: 9, levels: 3).coordinates(of: x.span)
    let pairs = [
      atan2(-4, 3) + 2 * .pi, Double.pi, Double.pi / 2, atan2(12.0, 5.0),
    ]
    #expect(zip(polar.angles[0], pairs).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    let second = [atan2(1.0, 5), atan2(13.0, 2)]
    #expect(zip(polar.angles[1], second).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    #expect(abs(Double(polar.angles[2][0]) - atan2(173.0.squareRoot(), 26.0.squareRoot())) < 1e-6)
    // The ninth coordinate is a block of its own.
    #expect(polar.radii == [Float(199.0.squareRoot()), 6])
    #expect(polar.angles.map(\.count) == [4, 2, 1])
  }

  @Test("The arc tangent is the library's to 6 ulp") func angle() {
    var random = RandomStream(seed: 9, purpose: .testData)
    for _ in 0..<20_000 {
      let (x, y) = (random.nextNormal(), random.nextNormal() * (random.nextUniform() - 0.5))
      let (own, expected) = (Portable.angle(x: x, y: y), atan2(y, x))
      #expect(abs(own - expected) <= 6 * expected.ulp, "\(x), \(y), seed 9")
    }
    #expect(Portable.angle(x: 0, y: 0) == 0 && Portable.angle(x: -1, y: 0) == .pi)
    #expect(Portable.angle(x: 0, y: -2) == -.pi / 2)
  }

  // MARK: Codebooks

  /// Half an ulp of float32 below π/2, and 1e−9 for both solvers.
  @Test("Codebooks are those that scipy solves") func codebooks() throws {
    let laws = try #require(Self.reference).laws
    #expect(laws.count >= 40)
    for law in laws {
      let codebook = AngleCodebook(
        law: AngleLaw(first: law.first, second: law.second), bits: law.bits)
      let own =
        law.second == 1
        ? Array(codebook.centroids.suffix(law.centroids.count))
        : codebook.centroids
      try #require(own.count == law.centroids.count)
      for (ours, theirs) in zip(own, law.centroids) {
        #expect(abs(Double(ours) - theirs) <= 0x1p-24 + 1e-9, "\(law)")
      }
      guard law.second == 1 else { continue }
      #expect(codebook.centroids.reversed().map { -$0 } == codebook.centroids)
    }
  }

  @Test("Distortion is what scipy's codebooks give") func distortion() throws {
    let codecs = try #require(Self.reference).codecs
    #expect(codecs.count >= 10)
    for codec in codecs {
      let quantizer = try PolarQuantizer(dimension: codec.dimension, bits: codec.bits)
      #expect(abs(quantizer.distortion / codec.distortion - 1) <= 1e-8, "\(codec)")
    }
    let paper = try PolarQuantizer(dimension: 128, bits: [4, 2, 2, 2])
    #expect((paper.distortion * 1e4).rounded() == 321)
  }

  /// Boundaries are float32, so a point nearer to one than two of its ulps may go either way.
  @Test("A code is the nearest centroid's", arguments: [(1, 1), (2, 1), (2, 2), (8, 8), (8, 5)])
  func codes(first: Int, second: Int) {
    var random = RandomStream(seed: 11, purpose: .testData)
    let law = AngleLaw(first: first, second: second)
    for bits in [1, 2, 3, 5, 8] {
      let codebook = AngleCodebook(law: law, bits: bits)
      for _ in 0..<2000 {
        var (x, y) = (Float(random.nextNormal()), Float(random.nextNormal()))
        if law.support != .circle { x = abs(x) }
        if law.support == .quarterCircle { y = abs(y) }
        var angle = atan2(Double(y), Double(x))
        if law.support == .circle, angle < 0 { angle += 2 * .pi }
        let expected = codebook.boundaries.count { Double($0) <= angle }
        let isClose = codebook.boundaries.contains { abs(Double($0) - angle) < 1e-6 }
        #expect(isClose || codebook.code(x: x, y: y) == expected, "\(bits) bits, seed 11")
      }
    }
  }

  @Test("Zeros, signed zeros and axes have codes") func edges() {
    let circle = AngleCodebook(law: AngleLaw(first: 1, second: 1), bits: 4)
    let zeros: [(Float, Float)] = [(0, 0), (-0.0, 0), (0, -0.0), (-0.0, -0.0)]
    #expect(Set(zeros.map { circle.code(x: $0.0, y: $0.1) }).count == 1)
    #expect(circle.code(x: 1, y: 0) == 0 && circle.code(x: 1, y: -0.0) == 0)
    #expect(circle.code(x: -1, y: 0) == 8 && circle.code(x: 1, y: -1e-30) == 15)
    let quarter = AngleCodebook(law: AngleLaw(first: 2, second: 2), bits: 2)
    #expect(quarter.code(x: 1, y: 0) == 0 && quarter.code(x: 0, y: 1) == 3)
    // The middle boundary is π/4 rounded up, so that equal halves lie below it.
    #expect([1, 2].contains(quarter.code(x: 1, y: 1)))
  }

  @Test(
    "A law's probabilities add up", arguments: [(1, 1), (2, 1), (8, 1), (2, 2), (8, 8), (8, 5)])
  func probabilities(first: Int, second: Int) {
    let law = AngleLaw(first: first, second: second)
    let (low, high): (Double, Double)
    switch law.support {
    case .circle: (low, high) = (0, 2 * .pi)
    case .halfCircle: (low, high) = (-.pi / 2, .pi / 2)
    case .quarterCircle: (low, high) = (0, .pi / 2)
    }
    #expect(abs(law.probability(from: low, to: high) - 1) < 1e-12)
    let middle = (low + high) / 2
    let parts = law.probability(from: low, to: middle) + law.probability(from: middle, to: high)
    #expect(abs(parts - 1) < 1e-12)
    if first == second { #expect(abs(law.probability(from: low, to: middle) - 0.5) < 1e-12) }
    if first == 8, second == 5 {
      // E sin²ψ = 5/13, by a thousand steps.
      let steps = 1000
      let mean = (0..<steps).reduce(0.0) { sum, i in
        let (a, b) = (Double(i), Double(i + 1))
        let width = high / Double(steps)
        let share = law.probability(from: a * width, to: b * width)
        return sum + pow(sin((a + 0.5) * width), 2) * share
      }
      #expect(abs(mean - 5.0 / 13) < 1e-6)
    }
  }

  // MARK: Rows

  @Test("Bytes are 3.875 bits per coordinate and the norm") func bytes() throws {
    for dimension in [64, 128, 384, 1536] {
      let codec = try Codec(dimension: dimension, rate: .bits(4), quantizer: .polar())
      let bits = Double(8 * codec.bytesPerVector) / Double(dimension)
      #expect(bits == 3.875 + 32 / Double(dimension))
      let unit = try Codec(
        dimension: dimension, rate: .bits(4), quantizer: .polar(), normalization: .unit)
      #expect(unit.bytesPerVector == codec.bytesPerVector - 4)
      #expect(codec.layout.radii.count == dimension / 16 * 2)
    }
    let own = try Codec(dimension: 100, rate: .bits(4), quantizer: .polar(bits: [3, 5]))
    #expect(own.layout.codes.count == (50 * 3 + 7) / 8 + (25 * 5 + 7) / 8)
    #expect(own.layout.radii.count == 50)
  }

  @Test("Products from codes are those of the decoded row", arguments: dimensions)
  func products(dimension: Int) throws {
    var random = RandomStream(seed: 13, purpose: .testData)
    for levels in 1...5 where 1 << levels <= dimension {
      let bits = (1...levels).map { _ in 1 + Int(random.nextInteger(below: 4)) }
      let codec = try Codec(dimension: dimension, rate: .bits(4), quantizer: .polar(bits: bits))
      let vectors = (0..<5 * dimension).map { _ in 100 * Float(random.nextNormal()) }
      let q = (0..<dimension).map { _ in Float(random.nextNormal()) }
      let codes = try codec.encode(vectors.span)
      let decoded = try codec.decode(codes)
      let query = try codec.prepare(q.span)
      let values = try codec.values(query, for: codes)
      let estimates = try codec.estimates(query, for: codes)
      for row in 0..<5 {
        let x = Array(decoded[row * dimension..<(row + 1) * dimension])
        // Rotations and sums of d products on either side, in float32.
        let bound = 4 * Double(dimension + 8) * 0x1p-24 * (dot(x, x) * dot(q, q)).squareRoot()
        #expect(abs(values[row] - dot(x, q)) <= bound, "seed 13, \(bits)")
        #expect(abs(values[row] - estimates[row].value) <= 1e-12 * abs(values[row]) + 1e-300)
        #expect(estimates[row].standardError > 0 || dimension == 1)
      }
    }
  }

  @Test("A zero vector, and lengths from tiny to huge") func lengths() throws {
    let codec = try Codec(dimension: 33, rate: .bits(4), quantizer: .polar())
    var random = RandomStream(seed: 17, purpose: .testData)
    let x = (0..<33).map { _ in Float(random.nextNormal()) }
    let codes = try codec.encode(x.span)
    for scale in [Float(0x1p-120), 0x1p100] {
      let longer = x.map { $0 * scale }
      let scaled = try codec.encode(longer.span)
      #expect(
        scaled.bytes.prefix(codec.layout.radii.upperBound)
          == codes.bytes.prefix(codec.layout.radii.upperBound))
    }
    let zeros = [Float](repeating: 0, count: 33)
    let zero = try codec.encode(zeros.span)
    #expect(try codec.decode(zero).allSatisfy { $0 == 0 })
    let estimate = try codec.estimate(codec.prepare(x.span), for: zero[0])
    #expect(estimate.value == 0 && estimate.standardError == 0)
  }

  @Test("A record brings the codec back", arguments: [[4, 2, 2, 2], [1], [8, 1, 3]])
  func record(bits: [Int]) throws {
    for dimension in [16, 19, 100] {
      let codec = try Codec(
        dimension: dimension, rate: .bits(4), quantizer: .polar(bits: bits), seed: 5)
      let again = try Codec(record: codec.record.span.raw)
      #expect(again.fingerprint == codec.fingerprint && again.quantizer == codec.quantizer)
      #expect(try codec.reseeded(with: 5).fingerprint == codec.fingerprint)
    }
    let standard = try Codec(dimension: 100, rate: .bits(4), quantizer: .polar())
    let explicit = try Codec(dimension: 100, rate: .bits(4), quantizer: .polar(bits: [4, 2, 2, 2]))
    #expect(standard.fingerprint == explicit.fingerprint)
  }

  // MARK: Refusals

  @Test("Impossible settings are refused, and say why") func refusals() {
    func message(_ dimension: Int, _ quantizer: Quantizer, _ rate: Rate = .bits(4)) -> String {
      do {
        _ = try Codec(dimension: dimension, rate: rate, quantizer: quantizer)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(message(128, .polar(bits: [])) == "0 levels of polar angles, expected at least 1")
    #expect(
      message(15, .polar())
        == "4 levels of polar angles make blocks of 2^4 coordinates, longer than vectors of 15; take "
        + "fewer levels")
    #expect(message(128, .polar(bits: [Int](repeating: 2, count: 99))).contains("2^99"))
    #expect(
      message(128, .polar(bits: [4, 0]))
        == "0 bits for the polar angles of level 2, expected 1 … 8")
    #expect(
      message(128, .polar(bits: [9])) == "9 bits for the polar angles of level 1, expected 1 … 8")
    let low = message(128, .polar(), .bits(2))
    #expect(low.contains("polar quantizer, which takes 3, 4, … 8 bits"))
    #expect(throws: CodecError.self) { try PolarTransform(dimension: 8, levels: 0) }
    #expect(throws: CodecError.self) { try PolarTransform(dimension: 8, levels: 4) }
    let bad: [Float] = [1, 2, .nan, 3]
    #expect(throws: CodecError.self) {
      try PolarTransform(dimension: 4, levels: 1).coordinates(of: bad.span)
    }
  }

  @Test("Estimators that need an alignment or a sketch are refused") func estimators() throws {
    let codec = try Codec(dimension: 32, rate: .bits(4), quantizer: .polar())
    let ones = [Float](repeating: 1, count: 32)
    let (codes, query) = (try codec.encode(ones.span), try codec.prepare(ones.span))
    for estimator in Estimator.allCases {
      #expect(codec.offers(estimator) == (estimator == .reconstruction))
      if estimator != .reconstruction {
        #expect(
          throws: CodecError(
            .estimatorNotOffered(estimator: estimator.rawValue, quantizer: "polar"))
        ) { try codec.estimate(query, for: codes[0], by: estimator) }
      }
    }
  }
}
