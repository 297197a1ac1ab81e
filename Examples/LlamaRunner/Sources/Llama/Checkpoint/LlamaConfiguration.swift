public import Foundation

/// The shape of a model, from `config.json`.
public struct LlamaConfiguration: Hashable, Sendable {
  /// Floats of a token's vector between layers.
  public let hiddenSize: Int
  /// Floats inside the feed-forward part of a layer.
  public let intermediateSize: Int
  /// Heads of the queries.
  public let headCount: Int
  /// Heads of the keys and values.
  public let keyValueHeadCount: Int
  /// Floats of one head.
  public let headDimension: Int
  /// Layers.
  public let layerCount: Int
  /// Tokens of the vocabulary.
  public let vocabularySize: Int
  /// The longest sequence the model was made for.
  public let contextLength: Int
  /// What is added to the mean square before its root.
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
  public let endTokens: Set<Int>

  /// The shape of the caches.
  public var cacheShape: CacheShape {
    CacheShape(
      queryHeads: headCount, keyValueHeads: keyValueHeadCount, headDimension: headDimension)
  }

  /// Reads `config.json`.
  ///
  /// Throws `CheckpointError` for an unreadable file, and one that names the setting for
  /// whatever this example does not implement.
  public init(contentsOf url: URL) throws {
    try self.init(JSONFile.decode(ConfigurationFile.self, from: url), file: url.path)
  }

  /// Reads the bytes of a `config.json`; `file` names it in messages.
  public init(_ data: Data, file: String) throws {
    try self.init(JSONFile.decode(ConfigurationFile.self, from: data, file: file), file: file)
  }

  private init(_ raw: ConfigurationFile, file: String) throws {
    try raw.checkSupported(file: file)
    hiddenSize = raw.hidden_size
    intermediateSize = raw.intermediate_size
    headCount = raw.num_attention_heads
    keyValueHeadCount = raw.num_key_value_heads ?? raw.num_attention_heads
    layerCount = raw.num_hidden_layers
    vocabularySize = raw.vocab_size
    contextLength = raw.max_position_embeddings
    normEpsilon = raw.rms_norm_eps
    let isQwen = raw.model_type == "qwen2"  // which always has biases, but none on the output
    hasAttentionBias = raw.attention_bias ?? false || isQwen
    hasOutputBias = hasAttentionBias && !isQwen
    tiesEmbeddings = raw.tie_word_embeddings ?? false
    endTokens = Set(raw.eos_token_id?.ids ?? [])
    let sizes = [
      hiddenSize, intermediateSize, headCount, keyValueHeadCount, layerCount, vocabularySize,
      contextLength,
    ]
    guard sizes.allSatisfy({ (1...1 << 24).contains($0) }) else {
      throw CheckpointError(.damaged, file, "has a size below 1 or above \(1 << 24)")
    }
    headDimension = raw.head_dim ?? hiddenSize / headCount
    guard headCount % keyValueHeadCount == 0 else {
      throw CheckpointError(
        .damaged, file, "has \(headCount) heads, expected a multiple of \(keyValueHeadCount)")
    }
    guard (2...1 << 16).contains(headDimension) && headDimension % 2 == 0 else {
      throw CheckpointError(.damaged, file, "has head_dim \(headDimension), expected an even one")
    }
    rotary = try RotaryConfiguration(raw, file: file)
  }
}
