extension Tokenizer {
  init(_ file: JSONObject) throws {
    let raw = try TokenizerFile(file)
    (normalizes, splitter, takesWholePieces) = (raw.normalizes, raw.splitter, raw.ignoresMerges)
    (prefix, suffix) = raw.template

    let vocabulary = try Vocabulary(raw, file)
    (bytes, tokenOfBytes) = (vocabulary.bytes, vocabulary.tokenOfBytes)
    (addedToText, addedToNormalized) = (
      AddedTokens(vocabulary.added.filter { !$0.isNormalized }.map { ($0.bytes, $0.token) }),
      AddedTokens(vocabulary.added.filter(\.isNormalized).map { ($0.bytes, $0.token) })
    )
    special = vocabulary.special
    tokenOfByte = try (0...255).map { (byte: UInt8) in
      guard let token = vocabulary.tokenOfBytes[[byte]] else {
        throw file.damaged("has no token for byte \(byte), expected one for each of the 256")
      }
      return token
    }
    var merger = PairMerger()
    for (left, right) in raw.merges {
      guard let first = raw.vocabulary[left], let second = raw.vocabulary[right],
        let whole = raw.vocabulary[left + right]
      else {
        throw file.damaged("merges \(left) and \(right), which are not all tokens")
      }
      merger.add(first, second, merged: whole)
    }
    self.merger = merger
    for token in prefix + suffix where !bytes.indices.contains(token) || bytes[token] == nil {
      throw file.damaged("puts token \(token) around texts, which is none")
    }
  }
}

/// The bytes of each token, and the token of given bytes.
private struct Vocabulary {
  var bytes: [[UInt8]?]
  /// The tokens that are not only added ones, by their bytes.
  var tokenOfBytes: [[UInt8]: Int] = [:]
  /// The tokens that are searched for in a text.
  var added: [(bytes: [UInt8], token: Int, isNormalized: Bool)] = []
  /// The tokens that are left out of a text.
  var special: Set<Int> = []

  private static let limit = 1 << 24

  init(_ raw: TokenizerFile, _ file: JSONObject) throws {
    let ids = Array(raw.vocabulary.values) + raw.addedTokens.map(\.id)
    guard let greatest = ids.max(), let least = ids.min(), least >= 0, greatest < Self.limit else {
      throw file.damaged("numbers its tokens outside 0 to \(Self.limit - 1), or has none")
    }
    bytes = [[UInt8]?](repeating: nil, count: greatest + 1)
    for (text, id) in raw.vocabulary {
      guard bytes[id] == nil else { throw file.damaged("has two tokens numbered \(id)") }
      // A token outside the alphabet stands for its own text; no merge produces it.
      let decoded = ByteAlphabet.bytes(of: text)
      bytes[id] = decoded ?? text.utf8
      if let decoded { tokenOfBytes[decoded] = id }
    }
    try add(raw, file)
  }

  /// Adds tokens to those of the model, with the same numbers as in the reference.
  private mutating func add(_ raw: TokenizerFile, _ file: JSONObject) throws {
    var next = raw.vocabulary.count
    let specialContents = Set(raw.addedTokens.filter(\.isSpecial).map(\.content))
    var seen: Set<ExactText> = []
    for token in raw.addedTokens {
      guard seen.insert(token.content).inserted, !token.content.utf8.isEmpty else {
        throw file.damaged("has the added token \"\(token.content)\" twice, or without content")
      }
      let expected = raw.vocabulary[token.content] ?? next
      guard token.id == expected else {
        throw file.damaged(
          "numbers the added token \"\(token.content)\" \(token.id), expected \(expected) after its "
            + "vocabulary and the tokens before")
      }
      next = max(next, token.id + 1)
      let text = String(decoding: token.content.utf8, as: UTF8.self)
      let content =
        token.isNormalized && raw.normalizes
        ? ExactText(CanonicalForm.composed(text)) : token.content
      // As in the reference, a special token counts as text if normalization changes it.
      if specialContents.contains(content) { special.insert(token.id) }
      added.append((content.utf8, token.id, token.isNormalized))
      // The decoder also reads an added token as text of the alphabet, if possible.
      bytes[token.id] = ByteAlphabet.bytes(of: content) ?? content.utf8
    }
  }
}
