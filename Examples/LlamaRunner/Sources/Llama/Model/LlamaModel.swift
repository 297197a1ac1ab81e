/// A Llama: its weights, and the forward pass in float32.
///
/// The model itself does not change while it runs; what it remembers lies in the caches.
public struct LlamaModel: Sendable {
  /// The shape of the model.
  public let configuration: LlamaConfiguration
  /// What `generation_config.json` says; nil where there is none.
  public let generation: GenerationSettings?
  let embedding: PackedMatrix
  let layers: [DecoderLayer]
  let norm: RMSNorm
  /// The output matrix, where it is not the embedding.
  let head: PackedMatrix?
  let rotary: RotaryEmbedding

  /// Which tokens' logits a forward pass computes.
  public enum Logits: Hashable, Sendable {
    /// Those of the last token only.
    case last
    /// Those of every token.
    case all
  }

  /// Radians a token by which the rotary embedding turns each pair of coordinates i and
  /// i + dimension / 2 of queries and keys.
  public var rotaryFrequencies: [Double] { rotary.frequencies.map { Double($0) } }

  /// Makes one cache for each layer.
  public func makeCaches(
    _ make: (_ layer: Int) throws -> any LayerCache
  ) rethrows -> [any LayerCache] {
    try (0..<configuration.layerCount).map(make)
  }

  /// Makes exact caches.
  public func makeFloatCaches() -> [any LayerCache] {
    makeCaches { _ in FloatCache(shape: configuration.cacheShape) }
  }

  /// Reads tokens after those the caches hold.
  ///
  /// - Parameters:
  ///   - tokens: The tokens, at least one.
  ///   - caches: One for each layer, all with the same tokens. They hold `tokens` too
  ///     afterwards; when a cache throws, all are truncated to what they held.
  ///   - logits: Which tokens' logits are wanted.
  /// - Returns: The logits of the next token, `[1 or tokens.count][vocabularySize]`.
  /// - Throws: `ModelError`, or what a cache throws.
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
  /// No tokens to read.
  case noTokens
  /// A token outside the vocabulary.
  case token(Int, vocabularySize: Int)
  /// More tokens than the model's context.
  case context(tokens: Int, limit: Int)
  /// Not one cache for each layer, or caches that hold different tokens.
  case caches(expected: Int, counts: [Int])
  /// Logits that are not numbers, of which no token can be drawn and no loss computed.
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
