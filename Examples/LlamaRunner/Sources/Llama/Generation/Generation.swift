/// Why a generated text ended.
public enum GenerationEnd: Hashable, Sendable {
  /// As many tokens as were asked for.
  case length
  /// The model ended the text.
  case endOfText
  /// The model's context is full.
  case context
}

extension LlamaModel {
  /// Checks that a text can be continued; throws `ModelError` if it has no tokens, one outside the
  /// vocabulary, or more than the context.
  public func check(prompt: [Int]) throws {
    _ = try check(prompt, makeFloatCaches())
  }

  /// Continues a text, one token at a time.
  ///
  /// - Parameters:
  ///   - prompt: The tokens to continue, at least one; they follow what the caches hold.
  ///   - count: How many tokens to add at most; for none, the caches take the prompt only.
  ///   - sampler: Chooses the tokens.
  ///   - caches: One for each layer.
  ///   - receive: Called with each new token as it comes, also with one that ends the text.
  /// - Returns: Why the text ended.
  /// - Throws: `ModelError`, or what a cache or `receive` throws.
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

/// Turns tokens that come one by one into text, holding back the bytes of unfinished characters.
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

  /// How many bytes at the end start a character that is longer.
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
