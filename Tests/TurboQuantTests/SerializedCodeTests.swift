import Foundation
import Testing

@testable import TurboQuant

/// Codes as text and as bytes, and those of another codec.
@Suite struct SerializedCodeTests {
  let codec: Codec
  let other: Codec
  let codes: CodeMatrix

  init() throws {
    codec = try Codec(dimension: 100, rate: .bits(3), seed: 1)
    other = try Codec(dimension: 100, rate: .bits(3), seed: 2)
    codes = try codec.encode(normals(300, seed: 1).span)
  }

  @Test func asText() throws {
    let text = try json(codes)
    let base64 = Data(codes.bytes).base64EncodedString()
    #expect(
      text == #"{"bytesPerVector":\#(codec.bytesPerVector),"fingerprint":"\#(codec.fingerprint)","#
        + #""rows":"\#(base64)"}"#)
    let again = try read(text, as: CodeMatrix.self)
    #expect(again == codes)
    #expect(try codec.decode(again) == codec.decode(codes))
    let none = try codec.encode([Float]().span)
    #expect(try read(json(none), as: CodeMatrix.self) == none)
  }

  @Test func damagedText() throws {
    let text = try json(codes)
    func refused(_ from: String, _ to: String) throws -> String? {
      try refusal(text.replacing(from, with: to), as: CodeMatrix.self)
    }
    let size = codec.bytesPerVector
    for wrong in [0, -1, size - 1, 2 * size, .max] {
      #expect(
        try refused(#""bytesPerVector":\#(size)"#, #""bytesPerVector":\#(wrong)"#)
          == "\(3 * size) bytes are not a whole number of rows of \(wrong) bytes")
    }
    #expect(try refused(#""rows":""#, #""rows":"!"#) == "the rows are not base64 with padding")
  }

  @Test("A row length that is not the codec's is refused before it is used") func forgedText()
    throws
  {
    let size = codec.bytesPerVector
    let text = try json(codes)
    for wrong in [1, 3, 3 * size] {
      let forged = try read(
        text.replacing(#""bytesPerVector":\#(size)"#, with: #""bytesPerVector":\#(wrong)"#),
        as: CodeMatrix.self)
      let query = try codec.prepare(normals(100, seed: 4).span)
      let expected = CodecError.Kind.rowLengthMismatch(found: wrong, bytesPerVector: size)
      #expect(throws: CodecError(expected)) { try codec.decode(forged) }
      #expect(throws: CodecError(expected)) { try codec.decode(forged, threads: 2) }
      #expect(throws: CodecError(expected)) { try codec.values(query, for: forged) }
      #expect(throws: CodecError(expected)) { try codec.estimates(query, for: forged) }
      #expect(throws: CodecError.self) { try codec.estimate(query, for: forged[0]) }
    }
  }

  @Test func asBytes() throws {
    #expect(codes.serialized == codec.fingerprint.bytes + codes.bytes)
    #expect(try CodeMatrix(serialized: codes.serialized, of: codec) == codes)
    #expect(
      try CodeMatrix(bytes: codes.bytes, fingerprint: codes.fingerprint, of: codec) == codes)
    #expect(try CodeMatrix(unidentified: codes.bytes, of: codec) == codes)
  }

  @Test("Bytes of another codec are refused, though their rows have the same length")
  func ofAnotherCodec() throws {
    #expect(other.bytesPerVector == codec.bytesPerVector)
    let mismatch = CodecError.mismatch(expected: other.fingerprint, found: codec.fingerprint)
    #expect(throws: mismatch) { try CodeMatrix(serialized: codes.serialized, of: other) }
    #expect(throws: mismatch) {
      try CodeMatrix(bytes: codes.bytes, fingerprint: codes.fingerprint, of: other)
    }
    let text = try json(codes)
    #expect(throws: mismatch) { try other.decode(read(text, as: CodeMatrix.self)) }
  }

  @Test func damagedBytes() {
    for count in [0, 1, 31] {
      #expect(throws: CodecError(.fingerprintMissing(byteCount: count))) {
        try CodeMatrix(serialized: Array(codes.serialized[..<count]), of: codec)
      }
    }
    #expect(throws: Never.self) {
      try CodeMatrix(serialized: Array(codes.serialized[..<32]), of: codec)
    }
    let partial = CodecError(
      .rowLengthMismatch(found: 1, bytesPerVector: codec.bytesPerVector))
    #expect(throws: partial) {
      try CodeMatrix(serialized: Array(codes.serialized[..<33]), of: codec)
    }
    #expect(throws: partial) {
      try CodeMatrix(bytes: [1], fingerprint: codec.fingerprint, of: codec)
    }
    #expect(throws: partial) { try CodeMatrix(unidentified: [1], of: codec) }
  }
}

/// Base64 as Foundation writes it.
@Suite struct Base64Tests {
  @Test(arguments: 0...70) func roundTrip(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 151 + count) }
    let text = Data(bytes).base64EncodedString()
    #expect(Base64.text(bytes) == text)
    #expect(Base64.bytes(text) == bytes)
  }

  @Test("Every pair of characters before the padding is read as Foundation reads it")
  func everyPair() {
    for first in UInt8(1)..<128 {
      for second in UInt8(1)..<128 {
        let text = String(decoding: [first, second, 61, 61], as: UTF8.self)
        guard let found = Base64.bytes(text) else { continue }
        #expect(Data(base64Encoded: text).map(Array.init) == found)
        #expect(Base64.text(found) == text)
      }
    }
    #expect((0...255).allSatisfy { Base64.bytes(Base64.text([$0])) == [$0] })
  }

  @Test(arguments: [
    "A", "AA", "AAA", "A===", "====", "AA=A", "AAA=AAAA", "AA==AAAA", "AB==", "AAB=", "AA A", "AAé",
    "AA-_", "=AAA", "A=AA",
  ])
  func refused(_ text: String) { #expect(Base64.bytes(text) == nil) }
}
