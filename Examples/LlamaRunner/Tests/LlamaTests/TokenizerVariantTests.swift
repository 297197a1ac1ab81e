import Foundation
import Testing

@testable import Llama

/// Tokenizers as Hugging Face's library reads them: `Fixtures/variants.py`.
@Suite struct TokenizerVariantTests {
  struct Variant: Decodable {
    let seed: Int
    let file: String
    let texts: [String]
    let tokens: [[Int]]
    let ids: [[Int]]
    let decoded: [String]
    let skipped: [String]
  }

  static func variants() throws -> [Variant] {
    let data = try Data(contentsOf: Shipped.fixtures.appending(path: "variants.json"))
    return try JSONDecoder().decode([Variant].self, from: data)
  }

  @Test("Tokens and texts are those of the reference implementation")
  func recorded() throws {
    let variants = try Self.variants()
    #expect(variants.contains { $0.file.contains(#""content":"!""#) })
    #expect(variants.contains { $0.file.contains(#""normalized":true"#) })
    for variant in variants {
      let tokenizer = try Tokenizer(Data(variant.file.utf8), file: "seed \(variant.seed)")
      for (text, tokens) in zip(variant.texts, variant.tokens) {
        #expect(
          tokenizer.encode(text) == tokens, "seed \(variant.seed): \(text.debugDescription)")
      }
      for (index, ids) in variant.ids.enumerated() {
        let found = [false, true].map { tokenizer.decode(ids, skippingSpecialTokens: $0) }
        // Bytes: “é” equals “é” written in two ways.
        #expect(
          found.map { Array($0.utf8) }
            == [variant.decoded[index], variant.skipped[index]].map { Array($0.utf8) },
          "seed \(variant.seed): \(ids)")
      }
    }
  }

  /// The shipped file with one place changed; its spaces are written anew, so that they are known.
  static func changed(_ found: String, _ replacement: String) throws -> Data {
    let url = Shipped.folder.appending(path: "tokenizer.json")
    let original = try String(contentsOf: url, encoding: .utf8)
    let tight = original.replacing(/"(\w+)":\s*/) { "\"\($0.1)\": " }
    try #require(tight.contains(found))
    let range = try #require(tight.range(of: found))
    return Data(tight.replacingCharacters(in: range, with: replacement).utf8)
  }

  @Test("The character of a byte can be an added token")
  func byteCharacter() throws {
    let token =
      #"{"id": 2, "content": "!", "single_word": false, "lstrip": false, "rstrip": false, "#
      + #""normalized": false, "special": false}, "#
    let tokenizer = try Tokenizer(
      Self.changed(#""added_tokens": ["#, #""added_tokens": [\#(token)"#), file: "t.json")
    #expect(tokenizer.encode("a!!b", addingSpecialTokens: false) == [66, 2, 2, 67])
    #expect(tokenizer.decode([66, 2]) == "a!")
  }

  static let fields: [(String, String, CheckpointError.Kind, String)] = [
    (#""version": "1.0""#, #""version": "2.0""#, .unsupported, #"version "2.0""#),
    (
      #""truncation": null"#, #""truncation": {"max_length": 2}"#, .unsupported,
      #"truncation {"max_length": 2}"#
    ),
    (
      #""padding": null"#, #""padding": {"strategy": {"Fixed": 8}}"#, .unsupported,
      #"padding {"strategy": {"Fixed": 8}}"#
    ),
    (#""padding": null"#, #""colour": "red""#, .unsupported, #"colour "red""#),
    (#""version": "1.0""#, #""version": "1.0", "version": "1.0""#, .damaged, "twice"),
    (#""dropout": null"#, #""dropout": 0.1"#, .unsupported, "model.dropout 0.1"),
    (#""dropout": null"#, #""width": 3"#, .unsupported, "model.width 3"),
    (
      #""end_of_word_suffix": null"#, #""end_of_word_suffix": "</w>""#, .unsupported,
      #"model.end_of_word_suffix "</w>""#
    ),
    (
      #""continuing_subword_prefix": null"#, #""continuing_subword_prefix": "@@""#,
      .unsupported, #"model.continuing_subword_prefix "@@""#
    ),
    (#""single_word": false"#, #""single_word": true"#, .unsupported, "single_word true"),
    (#""normalized": false,"#, "", .damaged, "added_tokens[0].normalized"),
    (#""normalized": false"#, #""normalized": false, "glow": 1"#, .unsupported, "glow 1"),
    (#""content": "<s>""#, #""content": "<x>""#, .damaged, "expected 4096"),
    (#""content": "</s>""#, #""content": "<s>""#, .damaged, "twice"),
    (#""trim_offsets": true"#, #""trim_offsets": 1"#, .damaged, "pre_tokenizer.trim_offsets"),
    (#""use_regex": true"#, #""use_regex": false"#, .unsupported, "use_regex"),
    (#""use_regex": true"#, #""use_regex": true, "speed": 9"#, .unsupported, "speed 9"),
    (#""id": "A""#, #""id": "B""#, .unsupported, "post_processor.single"),
    (#""normalizer": null"#, #""normalizer": {"type": "NFKC"}"#, .unsupported, "NFKC"),
  ]

  @Test("Every field is read or refused by name", arguments: fields)
  func everyField(
    found: String, replacement: String, kind: CheckpointError.Kind, named: String
  ) throws {
    let changed = try Self.changed(found, replacement)
    let error = #expect(throws: CheckpointError.self) { try Tokenizer(changed, file: "t.json") }
    #expect(error?.kind == kind)
    #expect(error?.reason.contains(named) == true, "\(error?.reason ?? "")")
  }
}
