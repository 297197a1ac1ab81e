import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

/// Codecs of every kind, in small and awkward dimensions.
struct CodecCase: Sendable, CustomTestStringConvertible {
  let dimension: Int
  let rate: Rate
  let quantizer: Quantizer
  var normalization = Normalization.norm

  func codec(seed: UInt64 = 7) throws -> Codec {
    try Codec(
      dimension: dimension, rate: rate, quantizer: quantizer, normalization: normalization,
      seed: seed)
  }

  var testDescription: String { "d = \(dimension), \(quantizer), \(rate) bits, \(normalization)" }

  static let all: [CodecCase] = [1, 2, 3, 8, 33, 64, 65, 100, 128, 200, 384].flatMap { d in
    [
      CodecCase(dimension: d, rate: .bits(1), quantizer: .scalar),
      CodecCase(dimension: d, rate: .bits(3), quantizer: .scalar),
      CodecCase(dimension: d, rate: Rate(halfBits: 5), quantizer: .scalar),
      CodecCase(dimension: d, rate: .bits(8), quantizer: .scalar, normalization: .unit),
      CodecCase(dimension: d, rate: .bits(4), quantizer: .twoStage()),
      CodecCase(dimension: d, rate: .bits(2), quantizer: .twoStage(sketch: .gaussian)),
      CodecCase(
        dimension: d, rate: .bits(3), quantizer: .twoStage(sketch: .orthogonal, directions: d + 3)),
      CodecCase(dimension: d, rate: .bits(1), quantizer: .qjl()),
      CodecCase(dimension: d, rate: .bits(3), quantizer: .qjl(sketch: .gaussian)),
    ]
  }
}

@Suite struct CodecTests {
  /// Rows of every class of input, the zero vector and awkward scales among them.
  static func rows(_ d: Int, withZero: Bool = true) -> [Float] {
    var random = RandomStream(seed: 21, purpose: .testData)
    var rows = TestVector.allCases.flatMap { $0.draw(d, &random) }
    rows += TestVector.gaussian.draw(d, &random).map { $0 * 1e30 }
    rows += TestVector.gaussian.draw(d, &random).map { $0 * 1e-30 }
    rows += TestVector.oneHot.draw(d, &random).map { $0 * 0x1p-133 }
    if withZero { rows += [Float](repeating: 0, count: d) }
    return rows
  }

  /// Scalar kernels, every other target, any number of rows at once, flush-to-zero on or off: the
  /// same bytes.
  @Test(arguments: CodecCase.all) func bytesDoNotDependOnHow(_ test: CodecCase) throws {
    var codec = try test.codec()
    let rows = Self.rows(test.dimension, withZero: test.normalization == .norm)
    let expected = try codec.encode(rows.span).bytes
    #expect(try withFlushToZero { try codec.encode(rows.span).bytes } == expected)
    for target in KernelTarget.available {
      codec.kernels = Kernels(target)
      #expect(try codec.encode(rows.span).bytes == expected, "\(target.name)")
      #expect(try withFlushToZero { try codec.encode(rows.span).bytes } == expected)
    }
    let d = test.dimension
    for row in 0..<rows.count / d {
      let single = try codec.encode(rows[row * d..<(row + 1) * d].span).bytes
      #expect(single[...] == expected[row * single.count..<(row + 1) * single.count])
    }
  }

  @Test(arguments: CodecCase.all) func halfPrecisionIsTheSameAsItsFloats(_ test: CodecCase) throws {
    let codec = try test.codec()
    var random = RandomStream(seed: 22, purpose: .testData)
    let halves = TestVector.gaussian.draw(test.dimension, &random).map { Float16($0) }
    let floats = halves.map { Float($0) }
    #expect(try codec.encode(halves.span).bytes == codec.encode(floats.span).bytes)
  }

  /// The codec rebuilt from its record is the same codec; any changed byte is refused.
  @Test(arguments: CodecCase.all) func recordRoundTrips(_ test: CodecCase) throws {
    // Every codec and changed byte solves codebooks, which takes long in a debug build.
    #if DEBUG
      guard test.dimension <= 3 else { return }
      let changesBytes = test.rate == .bits(1)
    #else
      let changesBytes = test.dimension <= 65
    #endif
    let codec = try test.codec()
    let again = try Codec(record: codec.record.span.raw)
    #expect(again.fingerprint == codec.fingerprint)
    #expect(again.layout == codec.layout)
    let rows = Self.rows(test.dimension, withZero: false)
    #expect(try again.encode(rows.span).bytes == codec.encode(rows.span).bytes)
    guard changesBytes else { return }
    for i in 0..<CodecRecord.fixedByteCount {
      // Any seed but this one names another codec of the same cost.
      for flip: UInt8 in (40..<48).contains(i) ? [1] : [1, 0x80] {
        var record = codec.record
        record[i] ^= flip
        // Dimension, rate, seed, … may name another codec, never the same one.
        let other = try? Codec(record: record.span.raw)
        #expect(other?.fingerprint != codec.fingerprint, "byte \(i)")
        #expect(other == nil || other?.record == record, "byte \(i)")
      }
    }
    for count in stride(from: 0, to: codec.record.count, by: 7) {
      #expect(throws: CodecError.self) {
        try Codec(record: codec.record.span.raw.extracting(0..<count))
      }
    }
  }

  /// Parts of the record that are specified and not read yet.
  @Test(
    arguments: [
      (25, 5, "quantizer 5 at byte 25, which this build does not read"),
      (48, 1, "calibrated, which this build does not read"),
      (79, 0x80, "calibrated, which this build does not read"),
    ] as [(Int, UInt8, String)])
  func plannedPartsAreRefusedByName(place: Int, byte: UInt8, words: String) throws {
    var record = try Codec(dimension: 3, rate: .bits(1)).record
    record[place] = byte
    let error = #expect(throws: CodecError.self) { try Codec(record: record) }
    #expect(error?.description.contains("\(words); update turboquant") == true)
  }

  @Test func fingerprintsDiffer() throws {
    var seen = Set<Fingerprint>()
    for test in CodecCase.all where test.dimension == 100 {
      #expect(seen.insert(try test.codec().fingerprint).inserted)
      #expect(seen.insert(try test.codec(seed: 8).fingerprint).inserted)
    }
    let byDefault = try Codec(dimension: 100, rate: .bits(4), quantizer: .twoStage())
    let spelledOut = try Codec(
      dimension: 100, rate: .bits(4),
      quantizer: .twoStage(sketch: .structured, directions: 100), rotation: .hadamard)
    #expect(byDefault.fingerprint == spelledOut.fingerprint)
  }

  @Test func bytesPerVectorCountsEverything() throws {
    func bytes(_ d: Int, _ bits: Double, _ quantizer: Quantizer = .scalar) throws -> Int {
      let rate = try #require(Rate(bitsPerCoordinate: bits))
      return try Codec(dimension: d, rate: rate, quantizer: quantizer).bytesPerVector
    }
    #expect(try bytes(384, 4) == 192 + 8)
    #expect(try bytes(100, 3) == 38 + 8)
    #expect(try bytes(101, 2.5) == 20 + 13 + 8)
    #expect(try bytes(384, 4, .twoStage()) == 144 + 48 + 12)
    #expect(try bytes(384, 1, .qjl()) == 48 + 4)
    #expect(try bytes(384, 3, .qjl()) == 144 + 4)
    #expect(
      try Codec(dimension: 384, rate: .bits(4), normalization: .unit).bytesPerVector == 192 + 4)
  }

  // MARK: Values

  /// One dimension is ±1 and a norm: exact but for the norm's rounding.
  @Test(arguments: [1, 3, 8]) func oneDimensionIsExact(bits: Int) throws {
    let codec = try Codec(dimension: 1, rate: .bits(bits))
    let values: [Float] = [3, -2.5, 0, -0.0, 1e30, -1e-30, .leastNonzeroMagnitude, 3e38]
    #expect(try codec.decode(codec.encode(values.span)) == values.map { $0 + 0 })
    let query = try codec.prepare([2].span)
    for (row, x) in values.enumerated() {
      let estimate = try codec.estimate(query, for: codec.encode(values.span)[row])
      #expect(abs(estimate.value - 2 * Double(x)) <= 2 * Double(x.magnitude) * 0x1p-23)
      // Float32 arithmetic alone, some roundings of 2⁻²⁴.
      let unit = 2 * Double(x.magnitude)
      #expect(estimate.standardError <= unit * 0x1p-22)
      #expect(x == 0 ? estimate.standardError == 0 : estimate.standardError > unit * 0x1p-25)
    }
  }

  /// Scaling by a power of two changes norms and nothing else, down to the smallest floats.
  @Test(arguments: [3, 100, 384]) func scaleIsExact(dimension d: Int) throws {
    let codec = try Codec(dimension: d, rate: .bits(4))
    var random = RandomStream(seed: 23, purpose: .testData)
    // Few significant bits, so that no scaling rounds.
    let x = (0..<d).map { _ in Float(Int(random.nextInteger(below: 15)) - 7) }
    let layout = codec.layout
    let expected = try codec.encode(x.span).bytes
    for exponent in stride(from: -145, through: 120, by: 5) {
      let scaled = x.map { Float(sign: .plus, exponent: exponent, significand: $0) }
      let found = try codec.encode(scaled.span).bytes
      #expect(found[layout.codes] == expected[layout.codes], "2^\(exponent)")
      let alignment = try #require(layout.alignment)
      #expect(found[alignment..<alignment + 4] == expected[alignment..<alignment + 4])
      let norm = found.span.raw.float32(at: try #require(layout.norm))
      let truth = dot(scaled, scaled).squareRoot()
      #expect(abs(Double(norm) - truth) <= truth * 0x1p-22 + Double(Float.leastNonzeroMagnitude))
    }
  }

  /// Estimates at norms of 1e±30 are those at norm 1, scaled.
  @Test(arguments: [Quantizer.scalar, .twoStage(), .qjl()]) func hugeAndTinyNorms(
    _ quantizer: Quantizer
  ) throws {
    let codec = try Codec(dimension: 128, rate: .bits(3), quantizer: quantizer)
    var random = RandomStream(seed: 24, purpose: .testData)
    let x = TestVector.gaussian.draw(128, &random)
    let q = TestVector.gaussian.draw(128, &random)
    let expected = try codec.estimate(codec.prepare(q.span), for: codec.encode(x.span)[0])
    for (a, b): (Float, Float) in [(1e30, 1e30), (1e-30, 1e-30), (1e30, 1e-30)] {
      let (scaledX, scaledQ) = (x.map { $0 * a }, q.map { $0 * b })
      let query = try codec.prepare(scaledQ.span)
      let codes = try codec.encode(scaledX.span)
      let found = try codec.estimate(query, for: codes[0])
      let scale = Double(a) * Double(b)
      // Scaling by 1e±30 rounds each coordinate, which may move one across a boundary.
      #expect(abs(found.value / scale - expected.value) <= 3 * expected.standardError / 50)
      #expect(abs(found.standardError / scale / expected.standardError - 1) <= 0.01)
    }
  }

  @Test(arguments: CodecCase.all.filter { $0.normalization == .norm })
  func zeroVectorsEstimateZero(_ test: CodecCase) throws {
    let codec = try test.codec()
    let zero = [Float](repeating: 0, count: test.dimension)
    let codes = try codec.encode(zero.span)
    #expect(try codec.decode(codes) == zero)
    let ones = [Float](repeating: 1, count: test.dimension)
    let query = try codec.prepare(ones.span)
    let estimate = try codec.estimate(query, for: codes[0])
    #expect(estimate.value == 0 && estimate.standardError == 0)
    let nothing = try codec.prepare(zero.span)
    let onesCodes = try codec.encode(ones.span)
    #expect(try codec.estimate(nothing, for: onesCodes[0]).value == 0)
  }

  /// Every estimator against its definition, from the decoded rows in double precision.
  @Test(arguments: [33, 100, 384]) func estimatorsAreWhatTheySay(dimension d: Int) throws {
    let codec = try Codec(dimension: d, rate: Rate(halfBits: 7), quantizer: .twoStage(), seed: 3)
    var random = RandomStream(seed: 25, purpose: .testData)
    let x = TestVector.gaussian.draw(d, &random).map { 3 * $0 }
    let q = vector(atCosine: 0.6, to: normalized(x), &random)
    let codes = try codec.encode(x.span)
    let query = try codec.prepare(q.span)
    let decoded = try codec.decode(codes)
    let norm = dot(x, x).squareRoot()
    let alignment = dot(decoded, x) / norm / norm
    let reconstruction = dot(decoded, q)
    let length = dot(decoded, decoded).squareRoot() / norm
    let expected: [Estimator: Double] = [
      .reconstruction: reconstruction, .renormalized: reconstruction / alignment,
      .matchedNorm: reconstruction / length,
    ]
    // Float32 rotation, sums and scalars: a few hundred roundings of relative size 2⁻²⁴.
    for (estimator, value) in expected {
      let found = try codec.estimate(query, for: codes[0], by: estimator)
      #expect(abs(found.value - value) <= 3 * 400 * 0x1p-24, "\(estimator)")
    }
    let two = try codec.estimate(query, for: codes[0], by: .twoStage)
    #expect(abs(two.value - dot(x, q)) <= 5 * two.standardError)
    #expect(try codec.values(query, for: codes, by: .twoStage) == [two.value])
  }

  /// QJL's reconstruction is the vector whose products are its estimates.
  @Test(arguments: [SketchKind.gaussian, .orthogonal, .structured]) func qjlDecodesToItsEstimates(
    _ kind: SketchKind
  ) throws {
    for directions in [40, 100, 250] {
      let codec = try Codec(
        dimension: 100, rate: .bits(1), quantizer: .qjl(sketch: kind, directions: directions))
      var random = RandomStream(seed: 26, purpose: .testData)
      let x = TestVector.gaussian.draw(100, &random)
      let q = TestVector.gaussian.draw(100, &random)
      let codes = try codec.encode(x.span)
      let estimate = try codec.estimate(codec.prepare(q.span), for: codes[0])
      #expect(abs(estimate.value - dot(try codec.decode(codes), q)) <= 1e-4)
    }
  }

  // MARK: Refusals

  @Test func refusesWhatItCannotEncode() throws {
    let codec = try Codec(dimension: 3, rate: .bits(4))
    func kind(_ values: [Float], _ codec: Codec) -> CodecError.Kind? {
      do throws(CodecError) {
        _ = try codec.encode(values.span)
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(kind([1, 2, 3, 4], codec) == .lengthMismatch(found: 4, dimension: 3))
    guard case .notFinite(_, 1, 2) = kind([1, 2, 3, 4, 5, .nan], codec) else {
      Issue.record("NaN in row 1, column 2 was not named")
      return
    }
    #expect(kind([1, -.infinity, 3], codec) == .notFinite(value: -.infinity, row: 0, column: 1))
    #expect(kind([3e38, 3e38, 3e38], codec) == .normOverflow(row: 0))
    #expect(kind([], codec) == nil)
    let directions = try Codec(dimension: 3, rate: .bits(4), normalization: .unit)
    #expect(kind([1, 1, 1, 0, 0, 0], directions) == .zeroVector(row: 1))
    #expect(kind([3e38, 3e38, 3e38], directions) == nil)
    #expect(throws: CodecError.self) { try codec.prepare([1, .nan, 2].span) }
    #expect(throws: CodecError.self) { try codec.prepare([1, 2].span) }
  }

  @Test func refusesCodesOfAnotherCodec() throws {
    let a = try Codec(dimension: 8, rate: .bits(2), seed: 1)
    let b = try Codec(dimension: 8, rate: .bits(2), seed: 2)
    let codes = try a.encode([1, 2, 3, 4, 5, 6, 7, 8].span)
    let query = try b.prepare([1, 2, 3, 4, 5, 6, 7, 8].span)
    #expect(throws: CodecError.self) { try b.decode(codes) }
    #expect(throws: CodecError.self) { try a.estimate(query, for: codes[0]) }
    #expect(throws: CodecError.self) { try b.estimate(query, for: codes[0]) }
    #expect(throws: CodecError.self) { try CodeMatrix(unidentified: [1, 2, 3], of: a) }
  }

  @Test func refusesImpossibleCombinations() {
    func make(_ d: Int, _ halfBits: Int, _ quantizer: Quantizer) throws {
      _ = try Codec(dimension: d, rate: Rate(halfBits: halfBits), quantizer: quantizer)
    }
    #expect(throws: CodecError.self) { try make(8, 1, .scalar) }
    #expect(throws: CodecError.self) { try make(8, 17, .scalar) }
    #expect(throws: CodecError.self) { try make(8, 2, .twoStage()) }
    #expect(throws: CodecError.self) { try make(8, 20, .twoStage()) }
    #expect(throws: CodecError.self) { try make(8, 2, .qjl(directions: 0)) }
    #expect(throws: CodecError.self) { try make(1 << 20, 2, .qjl(sketch: .gaussian)) }
    #expect(throws: CodecError.self) {
      let codec = try Codec(dimension: 8, rate: .bits(2))
      let codes = try codec.encode([1, 2, 3, 4, 5, 6, 7, 8].span)
      _ = try codec.estimate(
        codec.prepare([1, 2, 3, 4, 5, 6, 7, 8].span), for: codes[0], by: .twoStage)
    }
  }
}
