import Foundation
import Testing

@testable import TurboQuantKernels

/// Every kernel of every target against the scalar target, at lengths around the register width,
/// from memory that is not aligned.
///
/// What feeds stored bytes must agree to the bit. Products with a query may sum in another order:
/// each of n terms then differs by at most n ulp of the sum of magnitudes, |Δ| ≤ n · 2⁻²³ · Σ|aᵢbᵢ|
/// (Higham, Accuracy and Stability, §4.2).
@Suite struct KernelEqualityTests {
  static let lengths = Array(0...35) + [49, 63, 64, 65, 97, 127, 128, 129, 200, 257, 384, 1000]
  static let targets = KernelTarget.available.filter { $0.name != "scalar" }
  static let scalar = Kernels(KernelTarget.available[0])

  /// Tests of no targets pass in silence; this one is skipped aloud.
  @Test(
    .disabled(
      if: targets.isEmpty,
      "NOTHING WAS COMPARED: only the scalar target runs on this processor, so no kernel of another is tested"
    ))
  func thereIsSomethingToCompare() {
    #expect(!Self.targets.isEmpty)
    #if arch(arm64)
      #expect(Self.targets.contains { $0.name.hasPrefix("neon") })
    #endif
  }

  @Test func theFirstTargetIsScalar() {
    #expect(KernelTarget.available.first?.name == "scalar")
  }

  @Test(arguments: targets, lengths) func normalize(_ target: KernelTarget, count: Int) {
    for (seed, exponent) in [(1, 0), (2, 120), (3, -126), (4, -140)] {
      let x = TestFloats.unaligned(count, seed: UInt64(seed), exponent: exponent)
      let (expected, found) = both(target) { kernels in
        var scaled = FloatBuffer(count: count)
        let length = withStandardFloatEnvironment {
          kernels.normalize(x.span.extracting(droppingFirst: 1), into: &scaled)
        }
        return (length, scaled.bits)
      }
      #expect(expected.0 == found.0 && expected.1 == found.1, "seed \(seed)")
    }
  }

  @Test(arguments: targets) func normalizeFindsWhatIsNotFinite(_ target: KernelTarget) {
    let kernels = Kernels(target)
    for count in [1, 5, 16, 17, 48, 100] {
      for position in 0..<count {
        for value in [Float.nan, .infinity, -.infinity] {
          var x = TestFloats.unaligned(count, seed: 5)
          x[1 + position] = value
          var scaled = FloatBuffer(count: count)
          let length = kernels.normalize(x.span.extracting(droppingFirst: 1), into: &scaled)
          #expect(length == .notFinite)
        }
      }
    }
  }

  @Test(
    arguments: targets,
    [65, 66, 80, 100, 128, 129, 200, 256, 384, 511, 513, 768, 1000, 1536, 4097])
  func rotate(_ target: KernelTarget, dimension d: Int) {
    let rotation = TestFloats.rotation(dimension: d, seed: UInt64(d))
    let (forward, back) = (
      both(target) { rotated(rotation, $0) { $0.rotate($1, &$2) } },
      both(target) { rotated(rotation, $0) { $0.rotateTransposed($1, &$2) } }
    )
    #expect(forward.0 == forward.1)
    #expect(back.0 == back.1)
  }

  private func rotated(
    _ rotation: HadamardRotation, _ kernels: Kernels,
    _ body: (Kernels, HadamardRotation, inout FloatBuffer) -> Void
  ) -> [UInt32] {
    var x = FloatBuffer(TestFloats.unaligned(rotation.dimension, seed: 9))
    body(kernels, rotation, &x)
    return x.bits
  }

  @Test(arguments: targets, lengths) func dense(_ target: KernelTarget, count: Int) {
    for columnCount in [1, 3, 17] {
      let matrix = TestFloats.unaligned(count * columnCount, seed: 6)
      let columns = matrix.span.extracting(droppingFirst: 1)
      guard count > 0 else { continue }
      let (expected, found) = both(target) { kernels in
        let x = FloatBuffer(TestFloats.unaligned(columnCount, seed: 7))
        var y = FloatBuffer(count: count)
        kernels.multiply(columns: columns, rowCount: count, x, into: &y)
        var back = FloatBuffer(count: columnCount)
        kernels.multiplyTransposed(columns: columns, rowCount: count, y, into: &back)
        return [y.bits, back.bits, [kernels.sumOfSquares(y, count: count).bitPattern]]
      }
      #expect(expected == found)
    }
  }

  @Test(arguments: targets, 1...8) func quantize(_ target: KernelTarget, bits: Int) {
    for hasGrid in [true, false] {
      let codebook = TestFloats.codebook(bits: bits, hasGrid: hasGrid)
      for count in Self.lengths {
        // Values on the boundaries themselves, and both zeros, decide between ≤ and <.
        let special = TestFloats.boundaries(bits: bits) + [0, -0.0, .infinity, -.infinity]
        var values = TestFloats.unaligned(count + 3, seed: UInt64(count))
        for i in stride(from: 0, to: values.count, by: 3) { values[i] = special[i % special.count] }
        values = values.map { $0.isFinite ? $0 : $0 > 0 ? 1e30 : -1e30 }
        let (expected, found) = both(target) { kernels in
          let y = FloatBuffer(values)
          var residual = FloatBuffer(count: count + 3)
          var codes = [UInt8](repeating: 0xff, count: codebook.byteCount(of: count) + 9)
          var target = codes.mutableSpan
          let alignment = kernels.quantize(
            codebook, y, 3..<3 + count, scale: 1.25, codes: &target, at: 5, residual: &residual)
          let plain = kernels.quantize(
            codebook, y, 3..<3 + count, scale: 1.25, codes: &target, at: 5)
          var decoded = FloatBuffer(count: count + 3)
          kernels.dequantize(codebook, codes.span.raw, at: 5, into: &decoded, 3..<3 + count)
          return Quantized(
            codes: codes, alignment: alignment.bitPattern, plain: plain.bitPattern,
            residual: residual.bits, decoded: decoded.bits)
        }
        #expect(expected == found, "\(bits) bits, \(count) coordinates, grid: \(hasGrid)")
        #expect(found.codes.prefix(5).allSatisfy { $0 == 0xff }, "wrote before its place")
        #expect(found.codes.suffix(4).allSatisfy { $0 == 0xff }, "wrote beyond its place")
      }
    }
  }

  struct Quantized: Equatable {
    var codes: [UInt8]
    var alignment: UInt32
    var plain: UInt32
    var residual: [UInt32]
    var decoded: [UInt32]
  }

  @Test(arguments: targets, 1...8) func codeProducts(_ target: KernelTarget, bits: Int) {
    let codebook = TestFloats.codebook(bits: bits, hasGrid: true)
    for count in Self.lengths where count > 0 {
      let stride = codebook.byteCount(of: count) + 3
      let rows = TestFloats.bytes(4 * stride + 2, seed: 11)
      let query = TestFloats.unaligned(count, seed: 12)
      let (expected, found) = both(target) { kernels in
        var sums = [Float](repeating: 0, count: 4)
        var output = sums.mutableSpan
        kernels.codeProducts(
          codebook, rows: rows.span.raw, offset: 1, stride: stride, query: query.span,
          1..<1 + count, into: &output)
        return sums
      }
      let magnitude = query.reduce(0) { $0 + abs($1) } * TestFloats.largestCentroid
      for (a, b) in zip(expected, found) {
        #expect(abs(a - b) <= Float(count) * 0x1p-23 * magnitude, "\(count) coordinates")
      }
    }
  }

  @Test(arguments: targets, 1...8) func combineCodes(_ target: KernelTarget, bits: Int) {
    let codebook = TestFloats.codebook(bits: bits, hasGrid: true)
    for count in Self.lengths where count > 0 {
      let stride = codebook.byteCount(of: count) + 3
      let rows = TestFloats.bytes(9 * stride + 2, seed: 14)
      let weights = TestFloats.unaligned(8, seed: 15)
      let start = TestFloats.unaligned(count + 2, seed: 16)
      let (expected, found) = both(target) { kernels in
        var sums = FloatBuffer(start)
        kernels.combineCodes(
          codebook, rows: rows.span.raw, offset: 1, stride: stride, weights: weights.span,
          into: &sums, 1..<1 + count)
        return sums.span.indices.map { sums.span[$0] }
      }
      let magnitude = weights.reduce(1) { $0 + abs($1) } * TestFloats.largestCentroid
      for (i, (a, b)) in zip(expected, found).enumerated() {
        let isInside = (1..<1 + count).contains(i)
        #expect(abs(a - b) <= (isInside ? 10 * 0x1p-23 * magnitude : 0), "\(count) coordinates")
      }
    }
  }

  @Test(arguments: targets, lengths) func exponentials(_ target: KernelTarget, count: Int) {
    let start = TestFloats.unaligned(count, seed: 17, exponent: 7)
    let shift = (start.max() ?? 0) + 1
    let (expected, found) = both(target) { kernels in
      var values = start
      var span = values.mutableSpan
      let sum = kernels.exponentials(&span, shift: shift)
      return values.map(\.bitPattern) + [sum.bitPattern]
    }
    #expect(expected == found)
  }

  /// Three roundings of the argument's reduction and one a term stay within 3 ulp.
  @Test func exponentialsAreExponentials() {
    let values = stride(from: Float(-86.9), through: 0, by: 0.01).map { $0 }
    var results = values
    var span = results.mutableSpan
    let sum = Self.scalar.exponentials(&span, shift: 0)
    for (t, y) in zip(values, results) {
      let exact = exp(Double(t))
      #expect(abs(Double(y) - exact) <= 3 * 0x1p-23 * exact, "e^\(t)")
    }
    // 8,690 terms in lanes of 544 and a tree.
    #expect(abs(Double(sum) - results.reduce(0) { $0 + Double($1) }) < 550 * 0x1p-24 * Double(sum))
    var below: [Float] = [-88, -1e30, -.infinity]
    var zeros = below.mutableSpan
    #expect(Self.scalar.exponentials(&zeros, shift: 0) == 0)
    #expect(below == [0, 0, 0])
  }

  @Test(arguments: targets, lengths) func signs(_ target: KernelTarget, count: Int) {
    var values = TestFloats.unaligned(count, seed: 13)
    for i in stride(from: 0, to: values.count, by: 5) { values[i] = i % 2 == 0 ? 0 : -0.0 }
    let (packed, fromTarget) = both(target) { kernels in
      let x = FloatBuffer(values)
      var bits = [UInt8](repeating: 0xff, count: count / 8 + 4)
      var output = bits.mutableSpan
      kernels.packSigns(x, count: count, into: &output, at: 2)
      return bits
    }
    #expect(packed == fromTarget)
    guard count > 0 else { return }
    let query = Array(values.prefix(count))
    let (expected, found) = both(target) { kernels in
      var sums: [Float] = [0]
      var output = sums.mutableSpan
      kernels.signProducts(
        rows: packed.span.raw, offset: 2, stride: 1, query: query.span, into: &output)
      return sums[0]
    }
    let magnitude = query.reduce(0) { $0 + abs($1) }
    #expect(abs(expected - found) <= Float(count) * 0x1p-23 * magnitude)
  }

  @Test(arguments: KernelTarget.available) func widenIsExactForEveryHalf(_ target: KernelTarget) {
    let halves = (0...UInt16.max).map { $0 }
    var floats = [Float](repeating: 0, count: halves.count)
    var output = floats.mutableSpan
    Kernels(target).widen(halves.span, into: &output)
    for half in halves {
      let expected = Float(Float16(bitPattern: half))
      let found = floats[Int(half)]
      #expect(
        expected.isNaN ? found.isNaN : found.bitPattern == expected.bitPattern,
        "half \(String(half, radix: 16))")
    }
  }

  /// The check value of CRC-32C (RFC 3720, B.4), and every length and split against it.
  @Test(arguments: KernelTarget.available) func checksum(_ target: KernelTarget) {
    let kernels = Kernels(target)
    #expect(kernels.crc32c(Array("123456789".utf8).span.raw) == 0xe306_9283)
    #expect(kernels.crc32c([UInt8](repeating: 0, count: 32).span.raw) == 0x8a91_36aa)
    // Long runs go in lanes of 8 KiB, three at a time.
    let bytes = TestFloats.bytes(60_000, seed: 14)
    for count in Array(0...100) + [24_575, 24_576, 24_577, 49_151, 49_152, 49_163, 60_000] {
      let whole = Self.scalar.crc32c(bytes.span.raw.extracting(0..<count))
      let half = kernels.crc32c(bytes.span.raw.extracting(0..<count / 2))
      let rest = kernels.crc32c(bytes.span.raw.extracting(count / 2..<count), seed: half)
      #expect(rest == whole, "\(count) bytes")
    }
  }

  private func both<T>(_ target: KernelTarget, _ body: (Kernels) -> T) -> (T, T) {
    (body(Self.scalar), body(Kernels(target)))
  }
}
