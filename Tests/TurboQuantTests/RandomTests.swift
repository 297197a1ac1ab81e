import Foundation
import Testing

@testable import TurboQuant

@Suite struct RandomTests {
  /// The known answers that the Random123 distribution ships for philox4x32-10.
  @Test func philoxMeetsPublishedVectors() {
    #expect(
      Philox.block(counter: SIMD4(), key: SIMD2())
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.block(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.block(
        counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  /// The vectors in Documentation/FileFormat.md, which other implementations start from.
  @Test func streamsAreWhatTheFormatSays() {
    var rotation = RandomStream(seed: 42, purpose: .rotation)
    let first = (0..<5).map { _ in rotation.nextWord() }
    #expect(first == Golden.rotationWords)
    var sketch = RandomStream(seed: 42, purpose: .sketch, number: 1)
    #expect((0..<2).map { _ in sketch.nextWord() } == Golden.sketchWords)
    var normal = RandomStream(seed: 42, purpose: .rotation)
    #expect((0..<3).map { _ in normal.nextNormal() } == Golden.normals)
  }

  /// No two purposes, numbers or neighbouring seeds share a word where one should differ.
  @Test func streamsDiffer() {
    var seen = Set<[UInt32]>()
    for seed in [0, 1, 42, UInt64(1) << 32] {
      for purpose in RandomPurpose.allCases {
        for number in UInt32(0)..<3 {
          var stream = RandomStream(seed: seed, purpose: purpose, number: number)
          #expect(seen.insert((0..<4).map { _ in stream.nextWord() }).inserted)
        }
      }
    }
  }

  /// Mean 0, variance 1 and kurtosis 3 within 4.5 standard errors (1, √2, √96 over √n).
  @Test func normalsAreNormal() {
    var stream = RandomStream(seed: 3, purpose: .sampling)
    let n = 200_000
    let values = (0..<n).map { _ in stream.nextNormal() }
    let root = Double(n).squareRoot()
    #expect(abs(values.reduce(0, +) / Double(n)) < 4.5 / root)
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / Double(n) - 1) < 4.5 * 2.0.squareRoot() / root)
    let fourth = values.reduce(0) { $0 + pow($1, 4) } / Double(n)
    #expect(abs(fourth - 3) < 4.5 * 96.0.squareRoot() / root)
  }

  @Test func integersAreUniformAndBounded() {
    var stream = RandomStream(seed: 4, purpose: .sampling)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[Int(stream.nextInteger(below: 7))] += 1 }
    // Each count is binomial(70000, 1/7): deviation 92.6.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 417 })
    #expect(stream.nextInteger(below: 1) == 0)
  }

  /// Within 2 ulp of the C library, which is itself within 1.
  @Test func logarithmAndExponential() {
    var stream = RandomStream(seed: 5, purpose: .testData)
    for _ in 0..<100_000 {
      let x = Foundation.exp(60 * stream.nextUniform() - 50)
      let (found, expected) = (Portable.log(x), Foundation.log(x))
      #expect(abs(found - expected) <= 3 * max(expected.ulp, 0x1p-53))
      let y = 1400 * stream.nextUniform() - 700
      #expect(abs(Portable.exp(y) / Foundation.exp(y) - 1) <= 3 * 0x1p-52)
    }
    #expect(Portable.log(1) == 0)
    #expect(Portable.exp(0) == 1)
  }

  @Test func meanAbsoluteCoordinateMeetsOutsideValues() {
    #expect(!Reference.absoluteCoordinateMeans.isEmpty)
    for (dimension, expected) in Reference.absoluteCoordinateMeans {
      guard let d = Int(dimension) else { continue }
      // d/2 factors, each with one rounding.
      let found = Portable.meanAbsoluteCoordinate(dimension: d)
      #expect(abs(found / expected - 1) <= Double(d) * 0x1p-52, "d = \(d)")
    }
    #expect(Portable.meanAbsoluteCoordinate(dimension: 1) == 1)
  }

  /// The examples of FIPS 180-4, and lengths around the padding's edge against known digests.
  @Test func sha256MeetsPublishedVectors() {
    func hex(_ text: String) -> String { Fingerprint(of: Array(text.utf8)).description }
    #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      hex(String(repeating: "a", count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }
}

enum Golden {
  static let rotationWords: [UInt32] = [
    0x2043_9b04, 0x9807_e022, 0x5419_fa3f, 0xc8fa_5a2d, 0x1f85_8d22,
  ]
  static let sketchWords: [UInt32] = [0xf3d0_ff43, 0xe612_33aa]
  static let normals = [-0.8028442705808889, -0.368134360042406, -0.8859427828786672]
}
