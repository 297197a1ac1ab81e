public import Foundation

extension LlamaModel {
  /// Loads `config.json`, the weights and, if it exists, `generation_config.json`.
  ///
  /// All weights are located before the first is read.
  ///
  /// Throws `CheckpointError` for files that are missing, damaged or unsupported. It also throws for
  /// weights that the configuration does not use, which would otherwise be silently ignored.
  public init(folder: URL) throws {
    let (configuration, checkpoint) = try Self.open(folder: folder)
    let weights = WeightReader(checkpoint: checkpoint)
    let size = (configuration.vocabularySize, configuration.hiddenSize)
    embedding = try weights.matrix("model.embed_tokens.weight", size.0, size.1)
    layers = try (0..<configuration.layerCount).map {
      try DecoderLayer(configuration, index: $0, weights)
    }
    norm = try weights.norm("model.norm", configuration)
    head =
      configuration.tiesEmbeddings ? nil : try weights.matrix("lm_head.weight", size.0, size.1)
    rotary = RotaryEmbedding(
      configuration.rotary, headDimension: configuration.headDimension)
    generation = try Self.generation(folder: folder)
    self.configuration = configuration.ending(with: generation?.endTokens)
  }

  /// Reads `config.json` and compares it with the weights in a folder, without reading the weights.
  ///
  /// Throws `CheckpointError` as ``init(folder:)`` does, except for the values of the weights.
  public static func check(folder: URL) throws -> LlamaConfiguration {
    try open(folder: folder).0.ending(with: generation(folder: folder)?.endTokens)
  }

  private static func open(folder: URL) throws -> (LlamaConfiguration, Checkpoint) {
    let configuration = try LlamaConfiguration(contentsOf: folder.appending(path: "config.json"))
    let checkpoint = try Checkpoint(folder: folder)
    var known: Set<ExactText> = []
    try configuration.forEachWeight { name, shape in
      try checkpoint.check(name, shape: shape)
      known.insert(ExactText(name))
    }
    if configuration.tiesEmbeddings { known.insert("lm_head.weight") }
    for layer in 0..<configuration.layerCount {  // Old files hold the frequencies.
      known.insert(ExactText("model.layers.\(layer).self_attn.rotary_emb.inv_freq"))
    }
    try checkpoint.checkNothingBut(known, folder: folder.path)
    return (configuration, checkpoint)
  }

  private static func generation(folder: URL) throws -> GenerationSettings? {
    let file = folder.appending(path: "generation_config.json")
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    return try GenerationSettings(contentsOf: file)
  }
}

extension LlamaConfiguration {
  fileprivate func ending(with tokens: Set<Int>?) -> LlamaConfiguration {
    var copy = self
    copy.endTokens = tokens ?? endTokens
    return copy
  }

  /// Calls `body` with the name and shape of each weight until it throws.
  fileprivate func forEachWeight(_ body: (String, [Int]) throws -> Void) rethrows {
    let (hidden, inner) = (hiddenSize, intermediateSize)
    let (queries, keys) = (headCount * headDimension, keyValueHeadCount * headDimension)
    try body("model.embed_tokens.weight", [vocabularySize, hidden])
    if !tiesEmbeddings { try body("lm_head.weight", [vocabularySize, hidden]) }
    try body("model.norm.weight", [hidden])
    for layer in 0..<layerCount {
      let name = "model.layers.\(layer)"
      for (part, outputs, inputs, hasBias) in [
        ("self_attn.q_proj", queries, hidden, hasAttentionBias),
        ("self_attn.k_proj", keys, hidden, hasAttentionBias),
        ("self_attn.v_proj", keys, hidden, hasAttentionBias),
        ("self_attn.o_proj", hidden, queries, hasOutputBias),
        ("mlp.gate_proj", inner, hidden, false), ("mlp.up_proj", inner, hidden, false),
        ("mlp.down_proj", hidden, inner, false),
      ] {
        try body("\(name).\(part).weight", [outputs, inputs])
        if hasBias { try body("\(name).\(part).bias", [outputs]) }
      }
      for part in ["input_layernorm", "post_attention_layernorm"] {
        try body("\(name).\(part).weight", [hidden])
      }
    }
  }
}

extension DecoderLayer {
  fileprivate init(
    _ configuration: LlamaConfiguration, index: Int, _ weights: WeightReader
  ) throws {
    let name = "model.layers.\(index)"
    let (hidden, inner) = (configuration.hiddenSize, configuration.intermediateSize)
    let queries = configuration.headCount * configuration.headDimension
    let keys = configuration.keyValueHeadCount * configuration.headDimension
    let (bias, outputBias) = (configuration.hasAttentionBias, configuration.hasOutputBias)
    shape = configuration.cacheShape
    attentionNorm = try weights.norm("\(name).input_layernorm", configuration)
    query = try weights.linear("\(name).self_attn.q_proj", queries, hidden, bias: bias)
    key = try weights.linear("\(name).self_attn.k_proj", keys, hidden, bias: bias)
    value = try weights.linear("\(name).self_attn.v_proj", keys, hidden, bias: bias)
    output = try weights.linear("\(name).self_attn.o_proj", hidden, queries, bias: outputBias)
    feedForwardNorm = try weights.norm("\(name).post_attention_layernorm", configuration)
    gate = try weights.linear("\(name).mlp.gate_proj", inner, hidden)
    up = try weights.linear("\(name).mlp.up_proj", inner, hidden)
    down = try weights.linear("\(name).mlp.down_proj", hidden, inner)
  }
}

/// Reads weights in the forms that layers use.
private struct WeightReader {
  let checkpoint: Checkpoint

  func matrix(_ name: String, _ outputs: Int, _ inputs: Int) throws -> PackedMatrix {
    PackedMatrix(
      try checkpoint.floats(name, shape: [outputs, inputs]), outputs: outputs, inputs: inputs)
  }

  func linear(
    _ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = false
  ) throws -> Linear {
    Linear(
      weight: try matrix("\(name).weight", outputs, inputs),
      bias: bias ? try checkpoint.floats("\(name).bias", shape: [outputs]) : nil)
  }

  func norm(_ name: String, _ configuration: LlamaConfiguration) throws -> RMSNorm {
    RMSNorm(
      weight: try checkpoint.floats("\(name).weight", shape: [configuration.hiddenSize]),
      epsilon: configuration.normEpsilon)
  }
}
