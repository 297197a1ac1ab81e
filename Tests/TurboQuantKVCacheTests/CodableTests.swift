import Foundation
import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantKVCache

private func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

private func read<Value: Decodable>(_ text: String, as _: Value.Type) throws -> Value {
  try JSONDecoder().decode(Value.self, from: Data(text.utf8))
}

/// What a user stores is what was written, under keys that never change, or refused.
@Suite struct CodableTests {
  static let precisions: [(KVPrecision, String)] = [
    (.float32, #"{"kind":"float32"}"#), (.float16, #"{"kind":"float16"}"#),
    (.bits(4), #"{"bits":4,"kind":"codes","quantizer":{"kind":"scalar"}}"#),
    (
      .codes(Rate(bitsPerCoordinate: 2.5) ?? .bits(2), estimator: .matchedNorm),
      #"{"bits":2.5,"estimator":"matched-norm","kind":"codes","quantizer":{"kind":"scalar"}}"#
    ),
    (
      .codes(.bits(3), quantizer: .twoStage(sketch: .orthogonal, directions: 40)),
      #"{"bits":3,"kind":"codes","quantizer":{"directions":40,"kind":"two-stage","sketch":"orthogonal"}}"#
    ),
    (
      .codes(.bits(4), quantizer: .polar(bits: [4, 2])),
      #"{"bits":4,"kind":"codes","quantizer":{"bits":[4,2],"kind":"polar"}}"#
    ),
    (.outliers(bits: 2), #"{"bits":2,"kind":"outliers"}"#),
    (
      .outliers(bits: 3, estimator: .renormalized),
      #"{"bits":3,"estimator":"renormalized","kind":"outliers"}"#
    ),
    (
      .sketches(directions: 40, outliers: 3, outlierDirections: 24, sketch: .gaussian),
      #"{"directions":40,"kind":"sketches","outlierDirections":24,"outliers":3,"sketch":"gaussian"}"#
    ),
  ]

  @Test(arguments: precisions) func precision(_ precision: KVPrecision, _ text: String) throws {
    #expect(try json(precision) == text)
    #expect(try read(text, as: KVPrecision.self) == precision)
  }

  @Test func centerings() throws {
    let rotary = RotaryEmbedding(frequencies: [1, 0.5], pairing: .neighbours)
    for (centering, text) in [
      (KVCentering.none, #"{"kind":"none"}"#), (.mean, #"{"kind":"mean"}"#),
      (
        .rotaryMean(rotary),
        #"{"embedding":{"frequencies":[1,0.5],"pairing":"neighbours"},"kind":"rotary-mean"}"#
      ),
    ] {
      #expect(try json(centering) == text)
      #expect(try read(text, as: KVCentering.self) == centering)
    }
    #expect(
      try read(#"{"frequencies":[4,-4,0]}"#, as: RotaryEmbedding.self)
        == RotaryEmbedding(frequencies: [4, -4, 0]))
  }

  /// Every golden configuration, whose codec has the same fingerprint afterwards.
  @Test func configurations() throws {
    for golden in GoldenCache.all {
      let configuration = golden.configuration
      let again = try read(json(configuration), as: KVConfiguration.self)
      #expect(again == configuration, "\(golden.name)")
      #expect(try KVCodec(again).fingerprint == KVCodec(configuration).fingerprint)
    }
  }

  @Test func everySettingHasItsKey() throws {
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 2, keyValueHeads: 1, keyDimension: 8, valueDimension: 6),
      keys: .float16, values: .float32)
    (configuration.sinks, configuration.window, configuration.slidingWindow) = (1, 2, 3)
    (configuration.logitCap, configuration.sinkLogits) = (30, [0.5, -1])
    (configuration.centering, configuration.seed) = (.mean, .max)
    (configuration.centerTokens, configuration.exactTokens) = (40, .bfloat16)
    let text =
      #"{"centerTokens":40,"centering":{"kind":"mean"},"exactTokens":"bfloat16","#
      + #""keys":{"kind":"float16"},"logitCap":30,"seed":18446744073709551615,"#
      + #""shape":{"keyDimension":8,"keyValueHeads":1,"queryHeads":2,"valueDimension":6},"#
      + #""sinkLogits":[0.5,-1],"sinks":1,"slidingWindow":3,"values":{"kind":"float32"},"window":2}"#
    #expect(try json(configuration) == text)
    #expect(try read(text, as: KVConfiguration.self) == configuration)
    #expect(try read(json(configuration.shape), as: KVShape.self) == configuration.shape)
  }

  @Test("What is missing has its default") func defaults() throws {
    let shape = #"{"queryHeads":4,"keyValueHeads":2,"keyDimension":32}"#
    #expect(
      try read(shape, as: KVShape.self)
        == KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 32))
    let text = #"{"shape":\#(shape),"keys":{"kind":"codes","bits":4},"values":{"kind":"float16"}}"#
    #expect(
      try read(text, as: KVConfiguration.self)
        == KVConfiguration(
          shape: KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 32), keys: .bits(4),
          values: .float16))
    #expect(
      try read(
        #"{"kind":"sketches","directions":8,"outliers":1,"outlierDirections":9}"#,
        as: KVPrecision.self)
        == .sketches(directions: 8, outliers: 1, outlierDirections: 9))
  }

  private static let shape = #""shape":{"queryHeads":2,"keyValueHeads":1,"keyDimension":8},"#
  private static let precisions16 = #""keys":{"kind":"float16"},"values":{"kind":"float16"}"#

  /// Settings that a configuration refuses, by what the error names.
  static let settings = [
    ("sinks", #""sinks":-1"#), ("window", #""window":9999999"#), ("sliding", #""slidingWindow":0"#),
    ("cap", #""logitCap":0"#), ("sink logits", #""sinkLogits":[1]"#),
    (
      "frequencies",
      #""centering":{"kind":"rotary-mean","embedding":{"frequencies":[1,1,1,1,1]}}"#
    ),
  ]

  @Test(arguments: settings) func impossibleSettings(_ name: String, _ setting: String) throws {
    _ = try read("{\(Self.shape)\(Self.precisions16)}", as: KVConfiguration.self)
    try refuses(
      "{\(Self.shape)\(Self.precisions16),\(setting)}", as: KVConfiguration.self, naming: name)
  }

  @Test func impossibleParts() throws {
    for (name, text) in [
      ("query heads", #"{"queryHeads":0,"keyValueHeads":1,"keyDimension":8}"#),
      ("multiple", #"{"queryHeads":3,"keyValueHeads":2,"keyDimension":8}"#),
      ("key dimension", #"{"queryHeads":2,"keyValueHeads":2,"keyDimension":-9223372036854775808}"#),
    ] { try refuses(text, as: KVShape.self, naming: name) }
    for (name, text) in [
      ("float64", #"{"kind":"float64"}"#),
      ("directions", #"{"kind":"outliers","bits":2,"directions":8}"#),
      ("bits", #"{"kind":"float16","bits":2}"#), ("bits", #"{"kind":"outliers","bits":8}"#),
      ("bits", #"{"kind":"outliers","bits":0}"#), ("4.25", #"{"kind":"codes","bits":4.25}"#),
      (
        "outlierDirections",
        #"{"kind":"sketches","directions":8,"outliers":1,"outlierDirections":0}"#
      ),
      ("directions", #"{"kind":"codes","bits":3,"quantizer":{"kind":"qjl","directions":0}}"#),
    ] { try refuses(text, as: KVPrecision.self, naming: name) }
    for (name, text) in [
      ("turned", #"{"kind":"turned"}"#), ("embedding", #"{"kind":"mean","embedding":{}}"#),
      ("embedding", #"{"kind":"rotary-mean"}"#),
      ("frequency", #"{"kind":"rotary-mean","embedding":{"frequencies":[4.5]}}"#),
      ("thirds", #"{"kind":"rotary-mean","embedding":{"frequencies":[1],"pairing":"thirds"}}"#),
    ] { try refuses(text, as: KVCentering.self, naming: name) }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    for value in ["nan", "inf", "-inf"] {
      #expect(throws: DecodingError.self) {
        try decoder.decode(
          RotaryEmbedding.self, from: Data(#"{"frequencies":["\#(value)"]}"#.utf8))
      }
    }
  }

  private func refuses<Value: Decodable>(
    _ text: String, as type: Value.Type, naming name: String
  ) throws {
    let error = #expect(throws: DecodingError.self, "\(text)") { try read(text, as: type) }
    #expect(error.map { "\($0)".contains(name) } == true, "\(text): \(error.map { "\($0)" } ?? "")")
  }
}
