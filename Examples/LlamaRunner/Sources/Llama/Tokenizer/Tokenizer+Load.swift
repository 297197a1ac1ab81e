extension Tokenizer {
  init(_ raw: TokenizerFile, file: String) throws {
    let checker = ComponentChecker(file: file)
    try checker.checkModel(raw.model)
    normalizes = try checker.normalizes(raw.normalizer)
    splitter = try checker.splitter(raw.pre_tokenizer)
    try checker.checkDecoder(raw.decoder)
    takesWholePieces = raw.model.ignore_merges ?? false
    let addedTokens = raw.added_tokens ?? []
    added = try checker.added(addedTokens)

    let vocabulary = try Vocabulary(raw.model.vocab, addedTokens, checker)
    bytes = vocabulary.bytes
    tokenOfBytes = vocabulary.tokenOfBytes
    tokenOfByte = try (0...255).map { (byte: UInt8) in
      guard let token = vocabulary.tokenOfBytes[[byte]] else {
        throw checker.damaged("has no token for byte \(byte), expected one for each of the 256")
      }
      return token
    }
    var merger = PairMerger()
    for merge in raw.model.merges {
      let merged = merge.left + merge.right
      guard let left = raw.model.vocab[merge.left], let right = raw.model.vocab[merge.right],
        let whole = raw.model.vocab[merged]
      else {
        throw checker.damaged("merges \(merge.left) and \(merge.right), which are not all tokens")
      }
      merger.add(left, right, merged: whole)
    }
    self.merger = merger
    (prefix, suffix) = try checker.template(raw.post_processor)
    for token in prefix + suffix where bytes.indices.contains(token) == false {
      throw checker.damaged("puts token \(token) around texts, which is none")
    }
  }
}

/// The bytes of each token and the way back.
private struct Vocabulary {
  var bytes: [[UInt8]?]
  var tokenOfBytes: [[UInt8]: Int] = [:]

  private static let limit = 1 << 24

  init(
    _ vocabulary: [String: Int], _ added: [TokenizerFile.AddedToken], _ checker: ComponentChecker
  ) throws {
    let ids = Array(vocabulary.values) + added.map(\.id)
    guard let greatest = ids.max(), let least = ids.min(), least >= 0, greatest < Self.limit else {
      throw checker.damaged("numbers its tokens outside 0 to \(Self.limit), or has none")
    }
    bytes = [[UInt8]?](repeating: nil, count: greatest + 1)
    let contents = Set(added.map(\.content))
    for (text, id) in vocabulary where !contents.contains(text) {
      guard let decoded = ByteAlphabet.bytes(of: text) else {
        throw checker.unsupported("token \(text)", "tokens of the byte-level alphabet")
      }
      guard bytes[id] == nil else { throw checker.damaged("has two tokens numbered \(id)") }
      bytes[id] = decoded
      tokenOfBytes[decoded] = id
    }
    for token in added { bytes[token.id] = Array(token.content.utf8) }
  }
}
