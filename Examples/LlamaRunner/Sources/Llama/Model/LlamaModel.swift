/// A Llama model: its weights, and the forward pass in float32.
///
/// The model does not change while it runs; its memory of the text is in the caches.
public struct LlamaModel: Sendable {
  /// The shape of the model.
  public let configuration: LlamaConfiguration
  /// The settings of `generation_config.json`; nil if there is no such file.
  public let generation: GenerationSettings?
  let embedding: PackedMatrix
  let layers: [DecoderLayer]
  let norm: RMSNorm
  /// The output matrix; nil if it is the embedding.
  let head: PackedMatrix?
  let rotary: RotaryEmbedding

  /// Which tokens' logits a forward pass computes.
  public enum Logits: Hashable, Sendable {
    /// The logits of the last token only.
    case last
    /// The logits of every token.
    case all
  }

  /// The rotary embedding's frequencies, in radians per token.
  ///
  /// Each one turns a pair of coordinates i and i + dimension / 2 of queries and keys.
  public var rotaryFrequencies: [Double] { rotary.frequencies.map { Double($0) } }

  /// Creates one cache per layer.
  public func makeCaches(
    _ make: (_ layer: Int) throws -> any LayerCache
  ) rethrows -> [any LayerCache] {
    try (0..<configuration.layerCount).map(make)
  }

  /// Creates exact caches.
  public func makeFloatCaches() -> [any LayerCache] {
    makeCaches { _ in FloatCache(shape: configuration.cacheShape) }
  }

  /// Reads tokens that follow those in the caches.
  ///
  /// - Parameters:
  ///   - tokens: The tokens, at least one.
  ///   - caches: One per layer, all with the same tokens. Afterwards they also hold `tokens`. When a
  ///     cache throws, all caches are truncated to the tokens that they held before.
  ///   - logits: The tokens whose logits are wanted.
  /// - Returns: The logits of the next token, `[1 or tokens.count][vocabularySize]`.
  /// - Throws: `ModelError`, or the error of a cache.
  public func forward(
    _ tokens: [Int], caches: inout [any LayerCache], logits: Logits = .last
  ) throws -> [Float] {
    let position = try check(tokens, caches)
    var hidden = tokens.flatMap { embedding.row($0) }
    do {
      for (index, layer) in layers.enumerated() {
        try layer.run(
          &hidden, tokens: tokens.count, position: position, rotary: rotary, cache: &caches[index])
      }
    } catch {
      for index in caches.indices where caches[index].count > position {
        try caches[index].truncate(to: position)
      }
      throw error
    }
    let rows = logits == .all ? tokens.count : 1
    let wanted = norm(Array(hidden.suffix(rows * configuration.hiddenSize)))
    return (head ?? embedding).multiply(wanted, rows: rows)
  }

  /// Checks a request and returns the position of its first token.
  func check(_ tokens: [Int], _ caches: [any LayerCache]) throws -> Int {
    guard caches.count == layers.count, let position = caches.first?.count,
      caches.allSatisfy({ $0.count == position })
    else {
      throw ModelError.caches(expected: layers.count, counts: caches.map(\.count))
    }
    guard !tokens.isEmpty else { throw ModelError.noTokens }
    for token in tokens where !(0..<configuration.vocabularySize).contains(token) {
      throw ModelError.token(token, vocabularySize: configuration.vocabularySize)
    }
    guard position + tokens.count <= configuration.contextLength else {
      throw ModelError.context(
        tokens: position + tokens.count, limit: configuration.contextLength)
    }
    return position
  }
}

/// A request that the model cannot serve.
public enum ModelError: Error, Equatable, CustomStringConvertible {
  /// There are no tokens to read.
  case noTokens
  /// A token is outside the vocabulary.
  case token(Int, vocabularySize: Int)
  /// There are more tokens than the model's context holds.
  case context(tokens: Int, limit: Int)
  /// The number of caches is not one per layer, or the caches hold different tokens.
  case caches(expected: Int, counts: [Int])
  /// Logits are not numbers, so no token can be drawn and no loss computed.
  case notFinite

  /// One line that says what to change.
  public var description: String {
    switch self {
    case .noTokens: "There are no tokens to read; give some text."
    case .token(let token, let size):
      "Token \(token) is outside the model's vocabulary of \(size); use the model's own tokenizer."
    case .context(let tokens, let limit):
      "The model reads at most \(limit) tokens, not \(tokens); shorten the text."
    case .caches(let expected, let counts):
      "The model needs \(expected) caches with equally many tokens, not \(counts)."
    case .notFinite:
      "The model computed logits that are not finite: its weights, or what its cache keeps, are beyond "
        + "the range of float32."
    }
  }
}
