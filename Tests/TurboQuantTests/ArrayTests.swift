import Testing

@testable import TurboQuant

/// Calls for arrays do the same as those for spans; literals are not ambiguous.
@Suite struct ArrayTests {
  let vectors: [Float] = (0..<3000).map { Float(($0 * 37 + $0 / 100) % 61) - 30 }

  @Test func codecs() throws {
    let codec = try Codec(dimension: 3, rate: .bits(2))
    let codes = try codec.encode(vectors.span)
    #expect(try codec.encode(vectors) == codes)
    let rows = try [UInt8](capacity: codes.bytes.count) { output throws(CodecError) in
      for _ in codes.bytes { output.append(0) }
      var target = output.mutableSpan
      try codec.encode(vectors, into: &target)
    }
    #expect(rows == codes.bytes)
    #expect(
      try codec.prepare([1, 2, 3]).direction == codec.prepare([1, 2, 3].span).direction)
    #expect(try codec.encode([1, 2, 3]) == codec.encode([1, 2, 3].span))
    #expect(try codec.encode([]).count == 0)
    #expect(try Codec(record: codec.record).fingerprint == codec.fingerprint)
    #expect(throws: CodecError.self) { try Codec(record: []) }
  }

  #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    @Test func halfPrecision() throws {
      let codec = try Codec(dimension: 3, rate: .bits(2))
      let halves = vectors.map { Float16($0) }
      #expect(try codec.encode(halves) == codec.encode(vectors))
      #expect(throws: CodecError(.lengthMismatch(found: 2, dimension: 3))) {
        try codec.encode([Float16(1), 2])
      }
    }
  #endif

  @Test(arguments: [1, 2, 5]) func threads(_ threads: Int) throws {
    let codec = try Codec(dimension: 3, rate: .bits(2))
    // More than a block of rows, of which each thread takes some.
    let many = [[Float]](repeating: vectors, count: 100).flatMap { $0 }
    let codes = try codec.encode(many)
    #expect(try codec.encode(many, threads: threads) == codes)
    #expect(try codec.encode(many.span, threads: threads) == codes)
    let part = many.span.extracting(3000..<9000)
    #expect(
      try codec.encode(part, threads: threads).bytes
        == Array(codes.bytes[1000 * codec.bytesPerVector..<3000 * codec.bytesPerVector]))
    var spoiled = many
    spoiled[250_001] = .infinity
    let expected = CodecError(.notFinite(value: .infinity, row: 83_333, column: 2))
    #expect(throws: expected) { try codec.encode(spoiled, threads: threads) }
    #expect(throws: expected) { try codec.encode(spoiled.span, threads: threads) }
  }

  @Test func parts() throws {
    let x = Array(vectors[..<100])
    let rotation = try Rotation(dimension: 100, seed: 1)
    #expect(try rotation.apply(to: x) == rotation.apply(to: x.span))
    #expect(try rotation.applyInverse(to: x) == rotation.applyInverse(to: x.span))
    let sketch = try ResidualSketch(dimension: 100, seed: 1)
    #expect(try sketch.signs(of: x) == sketch.signs(of: x.span))
    #expect(try sketch.project(x) == sketch.project(x.span))
    let transform = try PolarTransform(dimension: 100)
    #expect(try transform.coordinates(of: x) == transform.coordinates(of: x.span))
    // Each refuses what the call for spans refuses.
    let expected = CodecError(.lengthMismatch(found: 2, dimension: 100))
    #expect(throws: expected) { try rotation.apply(to: [1, 2]) }
    #expect(throws: expected) { try rotation.applyInverse(to: [1, 2]) }
    #expect(throws: expected) { try sketch.signs(of: [1, 2]) }
    #expect(throws: expected) { try sketch.project([1, 2]) }
    #expect(throws: expected) { try transform.coordinates(of: [1, 2]) }
  }
}
