public import Foundation

/// The shape of a model, from `config.json`.
public struct LlamaConfiguration: Hashable, Sendable {
  /// The number of floats in a token's vector between layers.
  public let hiddenSize: Int
  /// The number of floats inside the feed-forward part of a layer.
  public let intermediateSize: Int
  /// The number of query heads.
  public let headCount: Int
  /// The number of key and value heads.
  public let keyValueHeadCount: Int
  /// The number of floats per head.
  public let headDimension: Int
  /// The number of layers.
  public let layerCount: Int
  /// The number of tokens in the vocabulary.
  public let vocabularySize: Int
  /// The longest sequence that the model was made for.
  public let contextLength: Int
  /// The number added to the mean square before its root is taken.
  public let normEpsilon: Float
  /// The rotary embedding's frequencies.
  public let rotary: RotaryConfiguration
  /// Whether the output matrix is the embedding.
  public let tiesEmbeddings: Bool
  /// Whether queries, keys and values have biases.
  public let hasAttentionBias: Bool
  /// Whether the attention's output has a bias too.
  public let hasOutputBias: Bool
  /// The tokens that end a text.
  public internal(set) var endTokens: Set<Int>

  /// The shape of the caches.
  public var cacheShape: CacheShape {
    CacheShape(
      queryHeads: headCount, keyValueHeads: keyValueHeadCount, headDimension: headDimension)
  }

  /// Reads `config.json`.
  ///
  /// Throws `CheckpointError` for an unreadable file, and for a setting that this example does not
  /// implement or does not know; the error names the setting.
  public init(contentsOf url: URL) throws {
    try self.init(JSONObject(contentsOf: url))
  }

  /// Reads the bytes of a `config.json`; `file` names it in messages.
  public init(_ data: Data, file: String) throws {
    try self.init(JSONObject(data, file: file))
  }

  private init(_ file: JSONObject) throws {
    var raw = file
    let kind: ExactText = try raw.required("model_type")
    guard kind == "llama" || kind == "qwen2" else {
      throw raw.unsupported("has model_type \(kind), supported is llama or qwen2")
    }
    let isQwen = kind == "qwen2"  // which always has biases, but none on the output
    func size(_ name: ExactText, limit: Int) throws -> Int {
      try raw.size(name, limit: limit)
    }
    // The limits are several times the largest published sizes: a window of 1,024 tokens then takes
    // gigabytes at most.
    hiddenSize = try size("hidden_size", limit: 1 << 16)
    intermediateSize = try size("intermediate_size", limit: 1 << 18)
    headCount = try size("num_attention_heads", limit: 1 << 12)
    layerCount = try size("num_hidden_layers", limit: 1 << 12)
    vocabularySize = try size("vocab_size", limit: 1 << 20)
    contextLength = try size("max_position_embeddings", limit: 1 << 24)
    keyValueHeadCount = try raw.optionalSize("num_key_value_heads", limit: 1 << 12) ?? headCount
    let ownDimension = try raw.optionalSize("head_dim", limit: 1 << 12)
    headDimension = ownDimension ?? hiddenSize / headCount
    guard ownDimension != nil || hiddenSize % headCount == 0 else {
      throw raw.damaged(
        "has hidden_size \(hiddenSize) and no head_dim, expected a multiple of \(headCount) heads")
    }
    guard headCount % keyValueHeadCount == 0 else {
      throw raw.damaged("has \(headCount) heads, expected a multiple of \(keyValueHeadCount)")
    }
    guard headDimension >= 2 && headDimension % 2 == 0 else {
      throw raw.damaged("has head_dim \(headDimension), expected an even one")
    }
    guard headCount * headDimension <= 1 << 18 else {
      throw raw.damaged(
        "has num_attention_heads \(headCount) of head_dim \(headDimension), expected at most "
          + "\(1 << 18) floats in all heads of a token")
    }
    let epsilon: Double = try raw.required("rms_norm_eps")
    guard epsilon >= 0 && Float(epsilon).isFinite else {
      throw raw.damaged("has rms_norm_eps \(epsilon), expected a number from 0")
    }
    normEpsilon = Float(epsilon)
    hasAttentionBias = try raw.optional("attention_bias") ?? false || isQwen
    hasOutputBias = hasAttentionBias && !isQwen
    tiesEmbeddings = try raw.optional("tie_word_embeddings") ?? false
    endTokens = try raw.tokens("eos_token_id") ?? []
    rotary = try RotaryConfiguration(&raw, contextLength: contextLength)
    try raw.checkAttention(isQwen: isQwen, layerCount: layerCount)
    try raw.checkSupported()
    try raw.refuseUnread(harmless: JSONObject.harmlessSettings)
  }
}
