import Foundation
import Testing

@testable import TurboQuant

@Suite struct CodableTests {
  private static let samples: [(Quantizer, Rate, String)] = [
    (.scalar, .bits(4), #"{"kind":"scalar"}"#),
    (.twoStage(), .bits(3), #"{"kind":"two-stage","sketch":"structured"}"#),
    (
      .twoStage(sketch: .orthogonal, directions: 50), .bits(3),
      #"{"directions":50,"kind":"two-stage","sketch":"orthogonal"}"#
    ),
    (.qjl(sketch: .gaussian), .bits(1), #"{"kind":"qjl","sketch":"gaussian"}"#),
    (.polar(), .bits(4), #"{"kind":"polar"}"#),
    (.polar(bits: [5, 3, 1]), .bits(4), #"{"bits":[5,3,1],"kind":"polar"}"#),
  ]

  @Test func names() throws {
    #expect(try json(SketchKind.allCases) == #"["gaussian","orthogonal","structured"]"#)
    #expect(try json(RotationKind.allCases) == #"["haar","hadamard"]"#)
    #expect(try json(Normalization.allCases) == #"["norm","unit"]"#)
    #expect(
      try json(Estimator.allCases)
        == #"["reconstruction","renormalized","matched-norm","two-stage"]"#)
    #expect(
      try read(json(SketchKind.allCases), as: [SketchKind].self) == SketchKind.allCases)
    #expect(
      try read(json(RotationKind.allCases), as: [RotationKind].self) == RotationKind.allCases)
    #expect(
      try read(json(Normalization.allCases), as: [Normalization].self) == Normalization.allCases)
    #expect(try read(json(Estimator.allCases), as: [Estimator].self) == Estimator.allCases)
    #expect(
      try refusal(#"["harr"]"#, as: [RotationKind].self)
        == "“harr” is no kind of rotation, expected one of “haar”, “hadamard”")
    #expect(throws: DecodingError.self) { try read("[2]", as: [RotationKind].self) }
  }

  @Test func rates() throws {
    #expect(try json([Rate.bits(4), Rate(halfBits: 5)]) == "[4,2.5]")
    for halfBits in 0...255 {
      let rate = Rate(halfBits: halfBits)
      #expect(try read(json([rate]), as: [Rate].self) == [rate])
    }
    for text in ["4.25", "-0.5", "128", "1e300"] {
      let reason = try refusal("[\(text)]", as: [Rate].self)
      #expect(reason?.hasSuffix("expected a multiple of ½ in 0 … 127.5") == true)
    }
    #expect(throws: EncodingError.self) { try json([Rate.bits(.max)]) }
    #expect(throws: EncodingError.self) { try json([Rate.bits(-1)]) }
  }

  @Test(arguments: samples) func quantizers(
    _ quantizer: Quantizer, _ rate: Rate, _ expected: String
  ) throws {
    #expect(try json(quantizer) == expected)
    #expect(try read(expected, as: Quantizer.self) == quantizer)
  }

  @Test func impossibleQuantizers() throws {
    let reasons = [
      #"{"kind": "twoStage"}"#:
        "“twoStage” is no quantizer, expected one of “scalar”, “two-stage”, “qjl”, “polar”",
      #"{"kind": "scalar", "directions": 8}"#: "a scalar quantizer has no directions",
      #"{"kind": "qjl", "bits": [1]}"#: "a qjl quantizer has no bits",
      #"{"kind": "qjl", "directions": 0}"#:
        "0 sketch directions are out of range, expected 1 … 16777216",
      #"{"kind": "polar", "bits": [4, 9]}"#:
        "9 bits for the polar angles of level 2, expected 1 … 8",
    ]
    for (text, reason) in reasons { #expect(try refusal(text, as: Quantizer.self) == reason) }
    #expect(throws: DecodingError.self) { try read("{}", as: Quantizer.self) }
  }

  @Test(arguments: samples) func codecs(
    _ quantizer: Quantizer, _ rate: Rate, _ expected: String
  ) throws {
    let codec = try Codec(
      dimension: 100, rate: rate, quantizer: quantizer, normalization: .unit, seed: .max)
    let text = try json(codec)
    #expect(
      text == #"{"dimension":100,"fingerprint":"\#(codec.fingerprint)","normalization":"unit","#
        + #""quantizer":\#(expected),"rate":\#(rate),"rotation":"hadamard","#
        + #""seed":18446744073709551615}"#)
    let again = try read(text, as: Codec.self)
    #expect(again.record == codec.record && again.quantizer == codec.quantizer)
    let x = normals(100, seed: 1)
    #expect(try again.encode(x.span) == codec.encode(x.span))
  }

  @Test("A codec that would be another one is refused") func changedCodec() throws {
    let codec = try Codec(dimension: 8, rate: .bits(2), seed: 1 << 60 + 1)
    let text = try json(codec)
    let other = try Codec(dimension: 8, rate: .bits(2), seed: 1 << 60)
    // What JavaScript makes of the seed.
    let rounded = text.replacing("\(codec.seed)", with: "\(other.seed)")
    #expect(
      try refusal(rounded, as: Codec.self)
        == "these parameters make the codec \(other.fingerprint), not \(codec.fingerprint): "
        + "one was changed, or another version wrote them")
    #expect(
      try refusal(text.replacing(#""dimension":8"#, with: #""dimension":0"#), as: Codec.self)
        == "dimension 0 is out of range, expected 1 … 16777216")
    #expect(
      try refusal(text.replacing(#""haar""#, with: #""hadamard""#), as: Codec.self)?.hasPrefix(
        "a randomized Hadamard rotation needs more than 64 dimensions") == true)
    #expect(
      try refusal(text.replacing(#""rate":2"#, with: #""rate":9"#), as: Codec.self)?.hasPrefix(
        "9 bits per coordinate is not offered by the scalar quantizer") == true)
    let withoutFingerprint = text.replacing(/"fingerprint":"\w+",/, with: "")
    #expect(throws: DecodingError.self) { try read(withoutFingerprint, as: Codec.self) }
  }

  /// Drawing this rotation would take hours.
  @Test("Reading a dear codec is cheap", .timeLimit(.minutes(1))) func dearCodec() throws {
    let codec = try Codec(
      dimension: 1 << 13, rate: .bits(1), quantizer: .scalar, rotation: .haar,
      normalization: .norm, seed: 1, isDrawn: false)
    #expect(try read(json(codec), as: Codec.self).fingerprint == codec.fingerprint)
  }

  @Test func fingerprints() throws {
    let fingerprint = try Codec(dimension: 8, rate: .bits(2)).fingerprint
    #expect(try read(json([fingerprint]), as: [Fingerprint].self) == [fingerprint])
    #expect(try json([fingerprint]) == #"["\#(fingerprint)"]"#)
    #expect(Fingerprint(fingerprint.description.uppercased()) == fingerprint)
    let digits = fingerprint.description
    for text in ["", String(digits.dropLast()), digits + "0", digits.dropLast() + "g"] {
      #expect(Fingerprint(String(text)) == nil)
      let reason = try refusal(#"["\#(text)"]"#, as: [Fingerprint].self)
      #expect(reason == "“\(text)” is no fingerprint, expected 64 hexadecimal digits")
    }
    // A digit may be one byte of a longer character.
    #expect(Fingerprint(digits.dropLast(2) + "é") == nil)
  }

  @Test func estimates() throws {
    for (quantizer, rate, _) in Self.samples {
      let codec = try Codec(dimension: 100, rate: rate, quantizer: quantizer)
      let x = normals(100, seed: 2) + [Float](repeating: 0, count: 100)
      let estimates = try codec.estimates(
        codec.prepare(normals(100, seed: 3).span), for: codec.encode(x.span))
      let again = try read(json(estimates), as: [Estimate].self)
      #expect(again == estimates)
      #expect(again[0].interval(2) == estimates[0].interval(2))
    }
  }

  @Test func impossibleEstimates() throws {
    let codec = try Codec(dimension: 8, rate: .bits(2))
    let x: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
    let text = try json(codec.estimate(codec.prepare(x.span), for: codec.encode(x.span)[0]))
    #expect(
      try refusal(
        text.replacing(#""lowestCosine":-1"#, with: #""lowestCosine":2"#), as: Estimate.self)
        == "the range of possible cosines ends before it begins")
    #expect(
      try refusal(
        text.replacing(#""slope":"#, with: #""lowest":2,"highest":1,"slope":"#), as: Estimate.self)
        == "the range of possible estimates ends before it begins")
    #expect(throws: DecodingError.self) {
      try read(text.replacing(#""along":"#, with: #""aslong":"#), as: Estimate.self)
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    for key in ["value", "slope", "along", "rounding", "lowestCosine", "lowest"] {
      let infinite =
        key == "lowest"
        ? text.replacing(#""slope":"#, with: #""lowest":"nan","slope":"#)
        : text.replacing(try Regex(#""\#(key)":[^,}]*"#), with: #""\#(key)":"inf""#)
      #expect(throws: DecodingError.self, "\(key)") {
        try decoder.decode(Estimate.self, from: Data(infinite.utf8))
      }
    }
  }
}
