/// The parts of `tokenizer.json` that affect byte-level byte pair encoding.
struct TokenizerFile {
  let vocabulary: [ExactText: Int]
  let merges: [(left: ExactText, right: ExactText)]
  /// Whether a piece that is a token as a whole is taken without merging.
  let ignoresMerges: Bool
  let addedTokens: [AddedToken]
  /// Whether text is normalized to form C, the only supported normalization.
  let normalizes: Bool
  let splitter: WordSplitter
  let template: (prefix: [Int], suffix: [Int])

  struct AddedToken {
    let id: Int
    let content: ExactText
    let isSpecial: Bool
    /// Whether the token is searched for in the normalized text, and is normalized itself.
    let isNormalized: Bool
  }

  /// Reads a file.
  ///
  /// Throws `CheckpointError` for a field that is not implemented or not known; the error names the field.
  init(_ file: JSONObject) throws {
    var raw = file
    try raw.expect("version", "1.0")
    try raw.expect("truncation", .null)
    try raw.expect("padding", .null)
    guard var model = try raw.object("model") else {
      throw raw.damaged("has no model, expected an object")
    }
    try Self.checkModel(&model)
    ignoresMerges = try model.optional("ignore_merges") ?? false
    vocabulary = try Self.vocabulary(&model)
    merges = try Self.merges(&model)
    try model.refuseUnread()
    addedTokens = try raw.objects("added_tokens").map { try AddedToken($0) }
    normalizes = try ComponentReader.normalizes(raw.object("normalizer"))
    splitter = try ComponentReader.splitter(raw.object("pre_tokenizer"), in: raw)
    template = try ComponentReader.template(raw.object("post_processor"))
    try ComponentReader.checkDecoder(raw.object("decoder"), in: raw)
    try raw.refuseUnread()
  }

  private static func checkModel(_ model: inout JSONObject) throws {
    try model.expect("type", "BPE")
    if let dropout: Double = try model.optional("dropout"), dropout != 0 {
      throw model.unsupported("has \(model.place("dropout")) \(dropout), supported is none")
    }
    try model.expect("continuing_subword_prefix", "")
    try model.expect("end_of_word_suffix", "")
    try model.expect("byte_fallback", .bool(false))
    // These settings are for characters without a token, but here every byte must have a token.
    _ = try (
      model.optional("unk_token", as: ExactText.self), model.optional("fuse_unk", as: Bool.self)
    )
  }

  private static func vocabulary(_ model: inout JSONObject) throws -> [ExactText: Int] {
    guard let list = try model.object("vocab") else {
      throw model.damaged("has no \(model.place("vocab")), expected an object")
    }
    return Dictionary(
      uniqueKeysWithValues: try list.entries.map { entry in
        guard let id = Int(entry.value) else {
          throw list.damaged(
            "has \(entry.value) for \(list.place(entry.name)), expected a whole number")
        }
        return (entry.name, id)
      })
  }

  /// The pairs, which are all written as lists, or all as text with a space in between.
  private static func merges(
    _ model: inout JSONObject
  ) throws -> [(left: ExactText, right: ExactText)] {
    let list: [JSONValue] = try model.required("merges")
    let place = model.place("merges")
    var pairs: [(left: ExactText, right: ExactText)] = []
    for (index, value) in list.enumerated() {
      let parts: [ExactText]
      if let text = ExactText(value) {
        // An older format has such a first line.
        if text.utf8.starts(with: "#version".utf8) { continue }
        parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false).map {
          ExactText(utf8: Array($0))
        }
      } else {
        parts = [ExactText](value) ?? []
      }
      guard parts.count == 2 else {
        throw model.damaged("has \(value) for \(place)[\(index)], expected two tokens")
      }
      pairs.append((parts[0], parts[1]))
    }
    return pairs
  }
}

extension TokenizerFile.AddedToken {
  fileprivate init(_ file: JSONObject) throws {
    var raw = file
    id = try raw.required("id")
    content = try raw.required("content")
    isSpecial = try raw.required("special")
    isNormalized = try raw.required("normalized")
    for name: ExactText in ["single_word", "lstrip", "rstrip"] {
      guard try raw.required(name, as: Bool.self) else { continue }
      throw raw.unsupported("has \(name) true for token \(content), supported is false")
    }
    try raw.refuseUnread()
  }
}
