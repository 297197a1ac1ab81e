import Foundation
import Testing

@testable import Llama

@Suite struct TokenizerTests {
  @Test("The held-out text becomes the reference's windows")
  func windows() throws {
    let windows = Windows.cut(
      try Shipped.text(), tokenizer: try Shipped.tokenizer(), length: 1_024)
    #expect(windows == (try Shipped.windows()))
  }

  static let oddTexts = [
    "", " ", "   ", "\n\n \t", "a", "naïve café — “quoted”…", "日本語のテキスト", "👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u{301}\u{301}\u{301}", "\u{0}\u{1}\u{7f}\u{85}\u{a0}\u{ad}", "\u{feff}BOM", "\u{10ffff}",
    "\u{e000}\u{fffd}", "it's IT'S they'LL 'tis ''' 's", "x\r\ny\r\rz\n", "1234567 ½ Ⅷ ٣٤",
    "<s", "<s>", "<s></s>", "a<s>b </s> c", "<<s>>", "مرحبا بالعالم", "नमस्ते", "ﬁ ſ K",
    String(repeating: "=", count: 3_000), String(repeating: "a b", count: 500),
  ]

  @Test("Any text comes back from its tokens", arguments: oddTexts)
  func roundTrip(text: String) throws {
    let tokenizer = try Shipped.tokenizer()
    let tokens = tokenizer.encode(text)
    let decoded = tokenizer.decode(Array(tokens.dropFirst()), skippingSpecialTokens: false)
    #expect(Array(decoded.utf8) == Array(text.utf8))
  }

  @Test("Random text comes back from its tokens", arguments: [1, 2, 3] as [UInt64])
  func randomRoundTrip(seed: UInt64) throws {
    let tokenizer = try Shipped.tokenizer()
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      var text = ""
      for _ in 0..<Int.random(in: 0...60, using: &generator) {
        let limit: UInt32 = [0x7f, 0x3ff, 0x10ffff].randomElement(using: &generator) ?? 0
        let value = UInt32.random(in: 0...limit, using: &generator)
        if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
      }
      let tokens = tokenizer.encode(text, addingSpecialTokens: false)
      let bytes = tokenizer.bytes(of: tokens, skippingSpecialTokens: false)
      #expect(bytes == Array(text.utf8), "seed \(seed)")
    }
  }

  /// Recorded by `Fixtures/make.py` with Hugging Face's own library.
  struct Recorded: Decodable {
    let texts: [String]
    let tokens: [[Int]]
    let splits: [String: [[String]]]
  }

  static func recorded() throws -> Recorded {
    let data = try Data(contentsOf: Shipped.fixtures.appending(path: "tokenizers.json"))
    return try JSONDecoder().decode(Recorded.self, from: data)
  }

  @Test("Tokens are those of the reference implementation")
  func recordedTokens() throws {
    let (recorded, tokenizer) = (try Self.recorded(), try Shipped.tokenizer())
    for (text, tokens) in zip(recorded.texts, recorded.tokens) {
      #expect(tokenizer.encode(text) == tokens, "\(text.debugDescription)")
    }
  }

  @Test("Each expression cuts texts as the reference implementation does")
  func recordedSplits() throws {
    let recorded = try Self.recorded()
    #expect(recorded.splits.count == WordSplitter.byPattern.count)
    for (pattern, pieces) in recorded.splits {
      let splitter = try #require(WordSplitter.byPattern[ExactText(pattern)])
      for (text, expected) in zip(recorded.texts, pieces) {
        let scalars = text.unicodeScalars.map { CharacterClass.Classified($0) }
        let lengths = splitter.lengths(scalars)
        #expect(lengths == expected.map(\.unicodeScalars.count), "\(text.debugDescription)")
      }
    }
  }

  @Test("Merging takes the earliest rule and the leftmost pair", arguments: [1, 2] as [UInt64])
  func merging(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      var (merger, rules): (PairMerger, [(Int, Int, Int)]) = (PairMerger(), [])
      for token in 3..<9 {
        let pair = (Int.random(in: 0..<token, using: &generator), token - 1)
        if rules.contains(where: { $0.0 == pair.0 && $0.1 == pair.1 }) { continue }
        let merged = (Bool.random(using: &generator) ? pair : (pair.1, pair.0))
        rules.append((merged.0, merged.1, token))
        merger.add(merged.0, merged.1, merged: token)
      }
      let word = (0..<20).map { _ in Int.random(in: 0..<3, using: &generator) }
      #expect(merger.merge(word) == Self.mergeSlowly(word, rules), "seed \(seed)")
    }
  }

  /// The definition: search the whole word for the earliest rule, apply it, begin again.
  static func mergeSlowly(_ word: [Int], _ rules: [(Int, Int, Int)]) -> [Int] {
    var word = word
    search: while true {
      for (left, right, merged) in rules {
        for index in word.indices.dropLast()
        where word[index] == left && word[index + 1] == right {
          word.replaceSubrange(index...index + 1, with: [merged])
          continue search
        }
      }
      return word
    }
  }

  @Test(
    "What is not implemented is refused by name",
    arguments: [
      (#""type": "BPE""#, #""type": "Unigram""#, "Unigram"),
      (#""normalizer": null"#, #""normalizer": {"type": "Lowercase"}"#, "Lowercase"),
      (#""type": "ByteLevel""#, #""type": "Metaspace""#, "Metaspace"),
      (#""type": "TemplateProcessing""#, #""type": "BertProcessing""#, "BertProcessing"),
      (#""byte_fallback": false"#, #""byte_fallback": true"#, "byte_fallback"),
      (#""lstrip": false"#, #""lstrip": true"#, "lstrip"),
      (#""add_prefix_space": false"#, #""add_prefix_space": true"#, "add_prefix_space"),
    ])
  func unsupported(found: String, replacement: String, named: String) throws {
    // Written anew, so that the spaces are known.
    let url = Shipped.folder.appending(path: "tokenizer.json")
    let original = try String(contentsOf: url, encoding: .utf8)
    let tight = original.replacing(/"(\w+)":\s*/) { "\"\($0.1)\": " }
    try #require(tight.contains(found))
    let changed = Data(tight.replacing(found, with: replacement).utf8)
    let error = #expect(throws: CheckpointError.self) { try Tokenizer(changed, file: "t.json") }
    #expect(error?.kind == .unsupported)
    #expect(error?.reason.contains(named) == true, "\(error?.reason ?? "")")
  }

  @Test("A streamed text is the whole text", arguments: oddTexts)
  func streaming(text: String) throws {
    let tokenizer = try Shipped.tokenizer()
    let tokens = tokenizer.encode(text, addingSpecialTokens: false)
    var decoder = StreamingDecoder(tokenizer)
    var streamed = ""
    for token in tokens { streamed += decoder.add(token) }
    streamed += decoder.finish()
    #expect(Array(streamed.utf8) == Array(tokenizer.decode(tokens).utf8))
  }
}
