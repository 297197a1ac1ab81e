public import Foundation

extension LlamaModel {
  /// Loads `config.json` and the weights from a folder.
  ///
  /// Throws `CheckpointError` for files that are missing, damaged or unsupported, and for
  /// weights the configuration does not call for, which would be silently ignored.
  public init(folder: URL) throws {
    let configuration = try LlamaConfiguration(contentsOf: folder.appending(path: "config.json"))
    var weights = WeightReader(try Checkpoint(folder: folder), folder: folder.path)
    self.configuration = configuration
    let size = (configuration.vocabularySize, configuration.hiddenSize)
    embedding = try weights.matrix("model.embed_tokens.weight", size.0, size.1)
    layers = try (0..<configuration.layerCount).map {
      try DecoderLayer(configuration, index: $0, &weights)
    }
    norm = try weights.norm("model.norm", configuration)
    if configuration.tiesEmbeddings {
      head = nil
      weights.ignore("lm_head.weight")
    } else {
      head = try weights.matrix("lm_head.weight", size.0, size.1)
    }
    rotary = RotaryEmbedding(
      configuration.rotary, headDimension: configuration.headDimension)
    try weights.finish()
  }
}

extension DecoderLayer {
  fileprivate init(
    _ configuration: LlamaConfiguration, index: Int, _ weights: inout WeightReader
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
    weights.ignore("\(name).self_attn.rotary_emb.inv_freq")  // Old files hold the frequencies.
  }
}

/// Reads weights and remembers which ones nobody asked for.
private struct WeightReader {
  private let checkpoint: Checkpoint
  private let folder: String
  private var unread: Set<String>

  init(_ checkpoint: Checkpoint, folder: String) {
    self.checkpoint = checkpoint
    self.folder = folder
    unread = Set(checkpoint.names)
  }

  mutating func ignore(_ name: String) { unread.remove(name) }

  mutating func floats(_ name: String, _ shape: [Int]) throws -> [Float] {
    unread.remove(name)
    return try checkpoint.floats(name, shape: shape)
  }

  mutating func matrix(_ name: String, _ outputs: Int, _ inputs: Int) throws -> PackedMatrix {
    PackedMatrix(try floats(name, [outputs, inputs]), outputs: outputs, inputs: inputs)
  }

  mutating func linear(
    _ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = false
  ) throws -> Linear {
    Linear(
      weight: try matrix("\(name).weight", outputs, inputs),
      bias: bias ? try floats("\(name).bias", [outputs]) : nil)
  }

  mutating func norm(_ name: String, _ configuration: LlamaConfiguration) throws -> RMSNorm {
    RMSNorm(
      weight: try floats("\(name).weight", [configuration.hiddenSize]),
      epsilon: configuration.normEpsilon)
  }

  func finish() throws {
    guard let name = unread.min() else { return }
    throw CheckpointError(
      .unsupported, folder,
      "has a tensor \(name) that a model of this configuration does not have")
  }
}
