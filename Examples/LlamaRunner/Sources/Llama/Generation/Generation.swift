/// Why a generated text ended.
public enum GenerationEnd: Hashable, Sendable {
  /// The requested number of tokens has been generated.
  case length
  /// The model ended the text.
  case endOfText
  /// The model's context is full.
  case context
}

extension LlamaModel {
  /// Checks that a text can be continued.
  ///
  /// Throws `ModelError` if the text has no tokens, a token outside the vocabulary, or more tokens than
  /// the context.
  public func check(prompt: [Int]) throws {
    _ = try check(prompt, makeFloatCaches())
  }

  /// Continues a text, one token at a time.
  ///
  /// - Parameters:
  ///   - prompt: The tokens to continue, at least one; they follow the tokens in the caches.
  ///   - count: The largest number of tokens to add; for 0, the caches only take the prompt.
  ///   - sampler: Chooses the tokens.
  ///   - caches: One per layer.
  ///   - receive: Called with each new token as it comes, also with a token that ends the text.
  /// - Returns: Why the text ended.
  /// - Throws: `ModelError`, or the error of a cache or of `receive`.
  public func generate(
    after prompt: [Int], count: Int, sampler: inout Sampler, caches: inout [any LayerCache],
    receive: (Int) throws -> Void
  ) throws -> GenerationEnd {
    var logits = try forward(prompt, caches: &caches)
    for index in 0..<max(0, count) {
      let token = try sampler.next(logits)
      try receive(token)
      if configuration.endTokens.contains(token) { return .endOfText }
      if index == count - 1 { break }
      if (caches.first?.count ?? 0) >= configuration.contextLength { return .context }
      logits = try forward([token], caches: &caches)
    }
    return .length
  }
}

/// Turns a stream of tokens into text and holds back the bytes of unfinished characters.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private var pending: [UInt8] = []

  /// Creates a decoder at the start of a text.
  public init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
  }

  /// The text that the next token completes, which may be empty.
  public mutating func add(_ token: Int) -> String {
    pending += tokenizer.bytes(of: [token])
    let complete = pending.count - unfinished
    defer { pending.removeFirst(complete) }
    return String(decoding: pending.prefix(complete), as: UTF8.self)
  }

  /// The rest of the text; an unfinished character becomes U+FFFD.
  public mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }

  /// The number of bytes at the end that belong to an unfinished character.
  private var unfinished: Int {
    for length in 1...3 where length <= pending.count {
      let byte = pending[pending.count - length]
      if byte & 0xc0 == 0x80 { continue }  // inside a character: look further back
      let needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
      return needed > length ? length : 0
    }
    return 0
  }
}
