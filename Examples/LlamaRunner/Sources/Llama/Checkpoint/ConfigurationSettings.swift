/// The settings of `config.json` that have no effect here, and those with only one allowed value.
extension JSONObject {
  /// Settings for training, for other tasks and for the reference's own machinery.
  static let harmlessSettings: Set<ExactText> = [
    "_attn_implementation", "_attn_implementation_autoset", "_name_or_path", "attention_dropout",
    "attn_implementation", "bos_token_id", "chunk_size_feed_forward", "dtype",
    "finetuning_task", "hidden_dropout", "id2label", "initializer_range", "is_decoder",
    "is_llama_config", "label2id", "max_window_layers", "num_labels", "output_attentions",
    "output_hidden_states", "pad_token_id", "prefix", "pretraining_tp", "problem_type",
    "resid_pdrop", "return_dict", "task_specific_params", "tf_legacy_loss", "tokenizer_class",
    "torch_dtype", "torchscript", "transformers.js_config", "transformers_version",
    "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache",
  ]

  /// A size from 1 to `limit`.
  mutating func size(_ name: ExactText, limit: Int) throws -> Int {
    guard let size = try optionalSize(name, limit: limit) else {
      throw damaged("has no \(place(name)), expected a whole number from 1 to \(limit)")
    }
    return size
  }

  mutating func optionalSize(_ name: ExactText, limit: Int) throws -> Int? {
    guard let size = try optional(name, as: Int.self) else { return nil }
    guard (1...limit).contains(size) else {
      throw damaged("has \(place(name)) \(size), expected a whole number from 1 to \(limit)")
    }
    return size
  }

  /// A token, or a list of them.
  mutating func tokens(_ name: ExactText) throws -> Set<Int>? {
    guard let found = value(name) else { return nil }
    guard let tokens = Int(found).map({ [$0] }) ?? [Int](found) else {
      throw damaged("has \(place(name)) \(found), expected a token or a list of tokens")
    }
    return Set(tokens)
  }

  /// Refuses attention to part of the tokens.
  mutating func checkAttention(isQwen: Bool, layerCount: Int) throws {
    let window = value("sliding_window")
    // Qwen2 names a window even if the model does not use it.
    let usesWindow = try optional("use_sliding_window") ?? (!isQwen && window != nil)
    guard !usesWindow || (window == nil && !isQwen) else {
      throw unsupported("has a sliding_window of \(window ?? .number("4096")), supported is none")
    }
    guard let layers = try optional("layer_types", as: [ExactText].self) else { return }
    if let other = layers.first(where: { $0 != "full_attention" }) {
      throw unsupported("has \(other) among its layer_types, supported is full_attention")
    }
    guard layers.count == layerCount else {
      throw damaged(
        "has \(layers.count) layer_types, expected one for each of \(layerCount) layers")
    }
  }

  /// Refuses settings that this example would compute wrongly.
  mutating func checkSupported() throws {
    try expect("hidden_act", "silu")
    for name: ExactText in [
      "mlp_bias", "is_encoder_decoder", "add_cross_attention", "tie_encoder_decoder",
      "rope_interleaved",
    ] {
      try expect(name, .bool(false))
    }
    try expect("is_causal", .bool(true))
    try expect("pruned_heads", .object([]))
    for name: ExactText in ["quantization_config", "compression_config"] {
      try expect(name, .null)
    }
    let models: [ExactText] = ["LlamaForCausalLM", "Qwen2ForCausalLM"]
    if let named = try optional("architectures", as: [ExactText].self),
      !named.contains(where: models.contains)
    {
      throw unsupported(
        "has architectures \(named), supported is LlamaForCausalLM or Qwen2ForCausalLM")
    }
  }
}
