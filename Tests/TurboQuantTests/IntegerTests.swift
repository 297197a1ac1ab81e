import Testing

@testable import TurboQuant
import TurboQuantKernels

/// Whole numbers that callers, or files, bring along: what is out of range is an error and never a trap.
@Suite struct IntegerTests {
  static let extremes = [Int.min, Int.min + 1, -1, 128, 1 << 31, Int.max / 2, Int.max - 1, Int.max]

  @Test(arguments: extremes) func rates(_ bits: Int) throws {
    for quantizer in [
      Quantizer.scalar, .twoStage(), .qjl(), .qjl(directions: 5), .polar(), .polar(bits: [4, 2]),
    ] {
      let error = #expect(throws: CodecError.self) {
        try Codec(dimension: 100, rate: .bits(bits), quantizer: quantizer)
      }
      guard case .rateNotOffered = error?.kind else {
        Issue.record("\(bits) bits, \(quantizer.name): \(error?.description ?? "no error")")
        continue
      }
    }
    #expect(throws: CodecError.self) { try ScalarQuantizer(dimension: 3, rate: .bits(bits)) }
  }

  /// A rate that a sketch or angles only take defaults from may be any that a record has room for.
  @Test func ratesThatRecordsHold() throws {
    for bits in [0, 127] {
      let codec = try Codec(
        dimension: 70, rate: .bits(bits), quantizer: .qjl(directions: 9), seed: 1)
      #expect(try Codec(record: codec.record.span.raw).rate == .bits(bits))
    }
  }

  @Test(arguments: extremes.filter { $0 != 128 }) func sizes(_ size: Int) {
    #expect(throws: CodecError.self) { try Codec(dimension: size, rate: .bits(1)) }
    #expect(throws: CodecError.self) { try Rotation(dimension: size, seed: 0) }
    #expect(throws: CodecError.self) { try PolarTransform(dimension: 9, levels: size) }
    #expect(throws: CodecError.self) { try PolarTransform(dimension: size) }
    #expect(throws: CodecError.self) { try PolarQuantizer(dimension: size, bits: [1]) }
    #expect(throws: CodecError.self) { try PolarQuantizer(dimension: 9, bits: [size]) }
    for kind in SketchKind.allCases {
      #expect(throws: CodecError.self) {
        try ResidualSketch(dimension: 9, directions: size, kind: kind, seed: 0)
      }
      for quantizer in [
        Quantizer.twoStage(sketch: kind, directions: size), .qjl(sketch: kind, directions: size),
      ] {
        #expect(throws: CodecError.self) {
          try Codec(dimension: 9, rate: .bits(3), quantizer: quantizer)
        }
      }
    }
    #expect(ResidualSketch.tailBound(epsilon: 1e300, directions: min(0, size)) == 1)
    let error = CodecError(.zeroVector(row: 1)).addingRows(size)
    #expect(error.kind == .zeroVector(row: 1 &+ size))
  }

  // MARK: Files that name dear codecs

  static let dear: [(name: String, dimension: Int, Quantizer, RotationKind)] = [
    ("a Haar rotation of 4096", 4096, .scalar, .haar),
    ("a Haar rotation of 8192", 8192, .scalar, .haar),
    ("2²⁴ directions of one dimension", 1, .qjl(directions: 1 << 24), .haar),
    ("2²⁴ directions of 100 dimensions", 100, .qjl(directions: 1 << 24), .hadamard),
    ("an orthogonal sketch of 4096", 4096, .qjl(sketch: .orthogonal), .hadamard),
    ("a Gaussian sketch of 8192", 8192, .twoStage(sketch: .gaussian), .hadamard),
  ]

  /// Drawing one of these takes minutes or gigabytes; reading its record, milliseconds.
  @Test(arguments: dear) func recordsAreCheapToRead(
    name: String, dimension: Int, quantizer: Quantizer, rotation: RotationKind
  ) throws {
    let codec = try Codec(
      dimension: dimension, rate: .bits(2), quantizer: quantizer, rotation: rotation,
      normalization: .norm, seed: 3, isDrawn: false)
    let clock = ContinuousClock()
    let time = try clock.measure { _ = try Codec(record: codec.record.span.raw) }
    #expect(time < .seconds(2), "\(name) took \(time)")
  }

  /// Up to 64 dimensions, blocks of structured directions are dense.
  @Test func denseBlocksAreBounded() {
    #expect(throws: CodecError.self) {
      try ResidualSketch(dimension: 64, directions: 1 << 21, seed: 0)
    }
  }

  /// What is drawn later is what is drawn at once.
  @Test(arguments: CodecCase.all) func laterIsTheSame(_ test: CodecCase) throws {
    let codec = try test.codec()
    let read = try Codec(record: codec.record.span.raw)
    let rows = CodecTests.rows(test.dimension, withZero: test.normalization == .norm)
    #expect(try read.encode(rows.span).bytes == codec.encode(rows.span).bytes)
  }
}
