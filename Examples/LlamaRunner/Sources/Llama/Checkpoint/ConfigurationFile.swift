// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// `config.json` as it is written, as far as it bears on the computation.
struct ConfigurationFile: Decodable {
  let model_type: String
  let hidden_size: Int
  let intermediate_size: Int
  let num_attention_heads: Int
  let num_key_value_heads: Int?
  let num_hidden_layers: Int
  let head_dim: Int?
  let vocab_size: Int
  let max_position_embeddings: Int
  let rms_norm_eps: Float
  let hidden_act: String?
  let attention_bias: Bool?
  let mlp_bias: Bool?
  let tie_word_embeddings: Bool?
  let sliding_window: Int?
  let use_sliding_window: Bool?
  let rope_theta: Double?
  let rope_scaling: Rope?
  let rope_parameters: Rope?
  let eos_token_id: OneOrMany?
  let quantization_config: Ignored?

  struct Rope: Decodable {
    let rope_type: String?
    let type: String?
    let rope_theta: Double?
    let factor: Double?
    let low_freq_factor: Double?
    let high_freq_factor: Double?
    let original_max_position_embeddings: Double?
    let partial_rotary_factor: Double?
  }

  /// A token, or a list of them.
  struct OneOrMany: Decodable {
    let ids: [Int]

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      ids = try (try? [container.decode(Int.self)]) ?? container.decode([Int].self)
    }
  }

  /// Something whose presence is all that matters.
  struct Ignored: Decodable {
    init(from decoder: any Decoder) {}
  }

  /// Refuses what would be computed wrongly.
  func checkSupported(file: String) throws {
    func require(_ condition: Bool, _ found: String, _ expected: String) throws {
      guard !condition else { return }
      throw CheckpointError(.unsupported, file, "has \(found), supported is \(expected)")
    }
    try require(
      ["llama", "qwen2"].contains(model_type), "model_type \(model_type)", "llama or qwen2")
    try require(hidden_act ?? "silu" == "silu", "hidden_act \(hidden_act ?? "")", "silu")
    try require(mlp_bias != true, "mlp_bias true", "false")
    try require(quantization_config == nil, "quantization_config", "none: float weights")
    // Qwen2 names a window even where it is not used.
    let usesWindow = sliding_window != nil && use_sliding_window ?? true
    try require(!usesWindow, "sliding_window \(sliding_window ?? 0)", "none")
  }
}
