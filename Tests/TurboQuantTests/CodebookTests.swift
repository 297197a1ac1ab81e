import Foundation
import Testing

@testable import TurboQuant

@Suite struct CodebookTests {
  /// Met to 1e−9 in units of the standard deviation; the values come from scipy.
  @Test func sphereCodebooksMeetOutsideValues() throws {
    #expect(Reference.codebooks.count > 5)
    for (name, books) in Reference.codebooks {
      let law = Int(name).map { CoordinateLaw.sphere(dimension: $0) } ?? .gaussian
      for (bits, expected) in books {
        let book = Codebook(law: law, bits: try #require(Int(bits)))
        let found = book.exactCentroids.suffix(expected.count).map { $0 / law.scale }
        for (a, b) in zip(found, expected) {
          #expect(abs(a - b) <= 1e-9, "d = \(name), b = \(bits)")
        }
      }
    }
  }

  @Test func distortionsMeetOutsideValues() throws {
    for (name, rates) in Reference.distortions {
      guard let d = Int(name) else { continue }
      for (text, expected) in rates {
        let rate = try #require(Double(text).flatMap { Rate(bitsPerCoordinate: $0) })
        let found = try ScalarQuantizer(dimension: d, rate: rate).distortion
        #expect(abs(found / expected - 1) <= 1e-9, "d = \(d), b = \(text)")
      }
    }
  }

  /// The project's golden file: the Gaussian codebooks to 1e−9.
  ///
  /// Its sphere entries are themselves
  /// only good to 1.3e−8, which 34-digit arithmetic and the closed form at one bit both show, so
  /// they are held to that; FAISS's table is an outside check of b = 1 … 4.
  @Test func goldenCodebooks() throws {
    let data = try Data(contentsOf: fixture("golden_codebooks.json"))
    let golden = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let gaussian = try #require(golden["gaussian_exact"] as? [String: [String: Any]])
    for (name, entry) in gaussian {
      let bits = try #require(Int(name.dropFirst()))
      let book = Codebook(law: .gaussian, bits: bits)
      let expected = try #require(entry["centroids"] as? [Double])
      for (a, b) in zip(book.exactCentroids, expected) { #expect(abs(a - b) <= 1e-9) }
      #expect(abs(book.distortion - (try #require(entry["mse"] as? Double))) <= 1e-12)
    }
    let sphere = try #require(golden["sphere_exact"] as? [String: [String: Any]])
    for (name, entry) in sphere {
      let parts = name.split(separator: "_").compactMap { Int($0.dropFirst()) }
      let law = CoordinateLaw.sphere(dimension: parts[0])
      let expected = try #require(entry["centroids_times_sqrt_d"] as? [Double])
      for (a, b) in zip(Codebook(law: law, bits: parts[1]).exactCentroids, expected) {
        #expect(abs(a / law.scale - b) <= 1.3e-8)
      }
    }
    let faiss = try #require(golden["faiss_gaussian"] as? [String: [Double]])
    for bits in 1...4 {
      let expected = try #require(faiss["b\(bits)_centroids"])
      for (a, b) in zip(Codebook(law: .gaussian, bits: bits).exactCentroids, expected) {
        #expect(abs(a - b) <= 1e-9)
      }
    }
  }

  /// One bit has a closed form: ±E|t|; the uniform law of d = 3 has uniform cells: D = 4⁻ᵇ.
  @Test func closedForms() {
    for d in [2, 3, 4, 7, 64, 1000] {
      let book = Codebook(law: .sphere(dimension: d), bits: 1)
      let expected = Portable.meanAbsoluteCoordinate(dimension: d)
      #expect(abs(book.exactCentroids[1] - expected) <= 1e-12)
      #expect(abs(book.distortion - (1 - Double(d) * expected * expected)) <= 1e-12)
    }
    for bits in 1...8 {
      let book = Codebook(law: .sphere(dimension: 3), bits: bits)
      #expect(abs(book.distortion * Double(1 << (2 * bits)) - 1) <= 1e-9)
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 9, 33, 100, 5000, 1 << 20])
  func bookIsWellFormed(dimension: Int) {
    for bits in 1...8 {
      let book = Codebook(law: .sphere(dimension: dimension), bits: bits)
      #expect(book.centroids.count == 1 << bits)
      #expect(book.boundaries.count == book.centroids.count - 1)
      #expect(zip(book.centroids, book.centroids.dropFirst()).allSatisfy { $0 < $1 })
      #expect(book.centroids.reversed().map { -$0 } == book.centroids)
      #expect(book.boundaries[book.boundaries.count / 2] == 0)
      for (i, boundary) in book.boundaries.enumerated() {
        #expect(book.centroids[i] < boundary && boundary < book.centroids[i + 1])
      }
      // TurboQuant, Theorem 1.
      let bound = 3.0.squareRoot() * .pi / 2 / Double(1 << (2 * bits))
      #expect(book.distortion >= 0 && book.distortion <= bound)
    }
  }

  @Test func rates() {
    #expect(Rate(bitsPerCoordinate: 2.5) == Rate(halfBits: 5))
    #expect(Rate(bitsPerCoordinate: 2.25) == nil)
    #expect(Rate(bitsPerCoordinate: .nan) == nil)
    #expect(Rate(bitsPerCoordinate: 1e300) == nil)
    #expect(Rate.bits(4).description == "4")
    #expect(Rate(bitsPerCoordinate: 3.5)?.description == "3.5")
  }

  /// All bits of a code are the code; its sign alone is ±E|t|, and d · Var(E|g| ‖û‖₁/√d) is 2/π · (1 − 3/π) but for a
  /// term in 1/d.
  @Test func prefixesOfWholeCodesAndSigns() {
    for d in [64, 384, 3000] {
      for bits in 1...8 {
        let book = Codebook(law: .sphere(dimension: d), bits: bits)
        let whole = book.prefix(bits: bits)
        for (a, b) in zip(whole.means, book.exactCentroids) { #expect(abs(a - b) <= 1e-12) }
        #expect(abs(whole.distortion - book.distortion) <= 1e-12)
        let sign = book.prefix(bits: 1)
        let expected = Portable.meanAbsoluteCoordinate(dimension: d)
        #expect(abs(sign.means[1] - expected) <= 1e-12 && sign.means[0] == -sign.means[1])
        #expect(abs(sign.distortion - (1 - Double(d) * expected * expected)) <= 1e-12)
        let variance = 2 / Double.pi * (1 - 3 / Double.pi)
        #expect(abs(sign.alignmentVariance - variance) <= 1 / Double(d))
      }
    }
  }

  /// The means of cells lie between those of the best codebook and of a coarser one, and unit vectors meet them:
  /// E⟨û, ŵ⟩ within 5 standard errors, its variance within 5 of the √(2/n) that a normal law's has.
  @Test(arguments: [3, 4, 8]) func prefixesOfTwoBits(_ bits: Int) {
    let (d, count, seed) = (1024, 10_000, UInt64(bits))
    let book = Codebook(law: .sphere(dimension: d), bits: bits)
    let prefix = book.prefix(bits: 2)
    #expect(prefix.distortion > Codebook(law: book.law, bits: 2).distortion)
    #expect(prefix.distortion < Codebook(law: book.law, bits: 1).distortion)
    var stream = RandomStream(seed: seed, purpose: .testData)
    let boundary = Double(book.boundaries[3 << (bits - 2) - 1])
    var (sum, squares) = (0.0, 0.0)
    for _ in 0..<count {
      let g = (0..<d).map { _ in stream.nextNormal() }
      let length = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let aligned = g.reduce(0.0) {
        let t = abs($1) / length
        return $0 + t * prefix.means[t < boundary ? 2 : 3]
      }
      sum += aligned
      squares += aligned * aligned
    }
    let (n, mean) = (Double(count), sum / Double(count))
    let variance = squares / n - mean * mean
    let expected = prefix.alignmentVariance / Double(d)
    #expect(abs(mean - (1 - prefix.distortion)) <= 5 * (variance / n).squareRoot(), "seed \(seed)")
    // A term in 1/d beside the sampling error.
    #expect(
      abs(variance / expected - 1) <= 5 * (2 / n).squareRoot() + 16 / Double(d),
      "\(variance), expected \(expected), seed \(seed)")
  }
}
