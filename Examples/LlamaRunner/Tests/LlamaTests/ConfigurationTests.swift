import Foundation
import Testing

@testable import Llama

@Suite struct ConfigurationTests {
  /// Small random models that `Fixtures/make.py` made, with the logits of Hugging Face's library.
  ///
  /// `llama3`: biases in the attention, scaled rotary embedding, a head of its own, bfloat16,
  /// two files. `qwen2`: biases without one on the output, heads wider than hidden size / heads.
  @Test("Variants of the model compute the reference's logits", arguments: ["llama3", "qwen2"])
  func variants(name: String) throws {
    let folder = Shipped.fixtures.appending(path: name)
    let model = try LlamaModel(folder: folder)
    let expected: [[Float]] = try readArray(folder.appending(path: "logits_f32.npy"))
    let tokens = (0..<expected.count).map { ($0 * 7 + 3) % model.configuration.vocabularySize }
    var caches = model.makeFloatCaches()
    let logits = try model.forward(tokens, caches: &caches, logits: .all)
    let difference = largestDifference(logits, Array(expected.joined()))
    // These are narrower and shallower than the shipped model, so its budget holds.
    #expect(expected.joined().allSatisfy { abs($0) < 32 })
    #expect(difference <= ReferenceTests.tolerance)
  }

  static let unsupported: [(String, String, String)] = [
    (#""silu""#, #""gelu""#, "gelu"),
    (#""mlp_bias": false"#, #""mlp_bias": true"#, "mlp_bias"),
    (#""rope_type": "default""#, #""rope_type": "yarn""#, "yarn"),
    (#""model_type": "llama""#, #""model_type": "mixtral""#, "mixtral"),
    (#""use_cache": true"#, #""sliding_window": 64"#, "sliding_window of 64"),
    (#""use_cache": true"#, #""use_sliding_window": true, "sliding_window": 64"#, "sliding_window"),
    (#""use_cache": true"#, #""layer_types": ["sliding_attention"]"#, "sliding_attention"),
    (#""use_cache": true"#, #""layer_types": ["full_attention"]"#, "1 layer_types, expected"),
    (#""use_cache": true"#, #""attn_logit_softcapping": 50.0"#, "attn_logit_softcapping 50.0"),
    (#""use_cache": true"#, #""partial_rotary_factor": 0.5"#, "partial_rotary_factor of 0.5"),
    (#""use_cache": true"#, #""is_encoder_decoder": true"#, "is_encoder_decoder true"),
    (#""use_cache": true"#, #""pruned_heads": {"0": [1]}"#, #"pruned_heads {"0": [1]}"#),
    (#""use_cache": true"#, #""vocab_size": 4096"#, "\"vocab_size\" is there twice"),
    (
      #""use_cache": true"#, #""rope_scaling": {"rope_type": "default", "rope_theta": 5.0}"#,
      "rope_scaling and other rope_parameters"
    ),
    (
      #""LlamaForCausalLM""#, #""LlamaForSequenceClassification""#, "LlamaForSequenceClassification"
    ),
    (
      #""rope_type": "default""#, #""rope_type": "default", "factor": 4.0"#,
      "rope_parameters.factor 4.0"
    ),
    (#""rope_theta": 10000.0"#, #""rope_theta": 0"#, "rope_theta 0"),
    (#""rope_theta": 10000.0"#, #""rope_theta": 1e999"#, "rope_parameters.rope_theta"),
    (
      #""rope_theta": 10000.0,"#, #""full_attention": {"rope_theta": 5e5}, "rope_theta": 1e4,"#,
      #"rope_parameters.full_attention {"rope_theta": 5e5}"#
    ),
    (
      #""rope_type": "default""#, #""rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0"#,
      "rope_parameters.high_freq_factor"
    ),
    (#""rms_norm_eps": 1e-05"#, #""rms_norm_eps": -1"#, "rms_norm_eps -1"),
    (#""eos_token_id": 1"#, #""eos_token_id": "end""#, #"eos_token_id "end""#),
    (#""num_hidden_layers": 4"#, #""num_hidden_layers": 16777216"#, "num_hidden_layers 16777216"),
    (#""vocab_size": 4096"#, #""vocab_size": 16777216"#, "vocab_size 16777216"),
    (#""head_dim": 64"#, #""head_dim": 1073741824"#, "head_dim 1073741824"),
    (#""num_attention_heads": 4"#, #""num_attention_heads": 4098"#, "num_attention_heads 4098"),
    (#""hidden_size": 256"#, #""hidden_size": 99999999999999999999"#, "hidden_size"),
    (#""hidden_size": 256"#, #""hidden_size": 256.0"#, "hidden_size"),
    (
      #""max_position_embeddings": 1024"#, #""max_position_embeddings": -1"#,
      "max_position_embeddings -1"
    ),
    (#""use_cache": true"#, #""quantization_config": {"bits": 4}"#, "quantization_config"),
    (#""hidden_size": 256,"#, "", "hidden_size"),
    (#""num_key_value_heads": 2"#, #""num_key_value_heads": 3"#, "multiple of 3"),
    (
      #""num_attention_heads": 4"#, #""num_attention_heads": 0"#,
      "num_attention_heads 0, expected a whole number from 1"
    ),
    (#""vocab_size": 4096"#, #""vocab_size": "many""#, "vocab_size"),
    (#""head_dim": 64"#, #""head_dim": 63"#, "head_dim"),
  ]

  @Test("What is not implemented is refused by name", arguments: unsupported)
  func refused(found: String, replacement: String, named: String) throws {
    let url = Shipped.folder.appending(path: "config.json")
    let text = try String(contentsOf: url, encoding: .utf8)
    try #require(text.contains(found))
    let changed = Data(text.replacing(found, with: replacement).utf8)
    let error = #expect(throws: CheckpointError.self) {
      try LlamaConfiguration(changed, file: "config.json")
    }
    #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
  }

  @Test("Settings of rotary embeddings are read in the reference's order")
  func rotary() throws {
    let url = Shipped.folder.appending(path: "config.json")
    let text = try String(contentsOf: url, encoding: .utf8)
    let parameters = #"""
      "rope_parameters": {
          "rope_theta": 10000.0,
          "rope_type": "default"
        }
      """#
    try #require(text.contains(parameters))
    func read(_ replacement: String) throws -> RotaryConfiguration {
      let changed = Data(text.replacing(parameters, with: replacement).utf8)
      return try LlamaConfiguration(changed, file: "config.json").rotary
    }
    #expect(try read(#""num_labels": 2"#).theta == 10_000)
    #expect(try read(#""rope_theta": 500000"#).theta == 500_000)
    #expect(try read(#""rope_theta": 500000, "rope_scaling": null"#).theta == 500_000)
    // What stands inside goes before what stands outside.
    #expect(try read(#""rope_theta": 5, "rope_parameters": {"rope_theta": 7}"#).theta == 7)
    let scaled = #""type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4"#
    // Without a context of its own, the model's.
    #expect(try read(#""rope_scaling": {\#(scaled)}"#).frequencyScaling?.originalContext == 1024)
    #expect(
      try read(#""rope_scaling": {\#(scaled), "original_max_position_embeddings": 512}"#)
        .frequencyScaling
        == .init(factor: 8, lowTurns: 1, highTurns: 4, originalContext: 512))
    #expect(
      try read(#""original_max_position_embeddings": 256, "rope_scaling": {\#(scaled)}"#)
        .frequencyScaling?
        .originalContext == 256)
    let error = #expect(throws: CheckpointError.self) {
      try read(
        #""original_max_position_embeddings": 256, "rope_scaling": {\#(scaled), "#
          + #""original_max_position_embeddings": 512}"#)
    }
    #expect(error?.reason.contains("original_max_position_embeddings 512.0 and 256.0") == true)
  }

  @Test("Heads without a dimension of their own share the hidden size evenly")
  func headDimension() throws {
    let url = Shipped.folder.appending(path: "config.json")
    let text = try String(contentsOf: url, encoding: .utf8)
    func read(heads: Int, dimension: String = "") throws -> Int {
      let changed = text.replacing(#""head_dim": 64,"#, with: dimension).replacing(
        #""num_attention_heads": 4"#, with: #""num_attention_heads": \#(heads)"#)
      return try LlamaConfiguration(Data(changed.utf8), file: "config.json").headDimension
    }
    #expect(try read(heads: 8) == 32)
    let wide = #expect(throws: CheckpointError.self) {
      try read(heads: 4_096, dimension: #""head_dim": 66,"#)
    }
    #expect(wide?.reason.contains("4096 of head_dim 66, expected at most 262144") == true)
    let error = #expect(throws: CheckpointError.self) { try read(heads: 6) }
    #expect(error?.reason.contains("hidden_size 256") == true)
  }

  @Test("A window that Qwen2 names and does not use is no window")
  func qwenWindow() throws {
    let url = Shipped.fixtures.appending(path: "qwen2/config.json")
    let text = try String(contentsOf: url, encoding: .utf8)
    func read(_ added: String) throws -> LlamaConfiguration {
      let changed = text.replacing(#""sliding_window": null"#, with: #""sliding_window": 4096"#)
        .replacing(#""use_sliding_window": false"#, with: added)
      return try LlamaConfiguration(Data(changed.utf8), file: "config.json")
    }
    _ = try read(#""use_sliding_window": false"#)
    _ = try read(#""use_sliding_window": null"#)
    #expect(throws: CheckpointError.self) { try read(#""use_sliding_window": true"#) }
  }

  @Test("A generation configuration gives the tokens that end a text, and says what is left out")
  func generation() throws {
    let text =
      #"{"eos_token_id": [1, 7], "bos_token_id": 0, "do_sample": true, "top_p": 0.9, "top_k": null}"#
    let settings = try GenerationSettings(Data(text.utf8), file: "generation_config.json")
    #expect(settings.endTokens == [1, 7])
    #expect(settings.notApplied == ["do_sample true", "top_p 0.9"])
    for wrong in ["[]", #"{"eos_token_id": "x"}"#, #"{"top_p": 1, "top_p": 2}"#] {
      #expect(throws: CheckpointError.self) {
        try GenerationSettings(Data(wrong.utf8), file: "generation_config.json")
      }
    }
  }

  /// A folder of its own with the shipped model in it.
  private func withModel(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "llama-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(
        at: Shipped.folder.appending(path: name), to: folder.appending(path: name))
    }
    try body(folder)
  }

  @Test("The model ends where its generation configuration says")
  func endTokens() throws {
    try withModel { folder in
      #expect(try LlamaModel.check(folder: folder).endTokens == [1])
      let file = folder.appending(path: "generation_config.json")
      try Data(#"{"eos_token_id": [3, 9]}"#.utf8).write(to: file)
      #expect(try LlamaModel.check(folder: folder).endTokens == [3, 9])
      #expect(try LlamaModel(folder: folder).configuration.endTokens == [3, 9])
      try Data(#"{"top_k": 5}"#.utf8).write(to: file)
      #expect(try LlamaModel(folder: folder).configuration.endTokens == [1])
    }
  }

  @Test("An index names files of its folder and all of their tensors")
  func index() throws {
    let fixture = Shipped.fixtures.appending(path: "llama3")
    let name = "model.safetensors.index.json"
    let text = try String(contentsOf: fixture.appending(path: name), encoding: .utf8)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "llama-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: fixture, to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    func reason(_ changed: String) throws -> String {
      try Data(changed.utf8).write(to: folder.appending(path: name))
      return #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder) }?.reason ?? ""
    }
    let line = try #require(text.split(separator: "\n").first { $0.contains("model.norm.weight") })
    #expect(
      try reason(text.replacing(",\n\(line)", with: "")).contains("does not list tensor model.norm")
    )
    #expect(try reason(text.replacing(line, with: "\(line),\n\(line)")).contains("twice") == true)
    for bad in ["../model.safetensors", "..", "", "/dev/zero", "a\\u0000b"] {
      let changed = text.replacing("model-00004-of-00004.safetensors", with: bad)
      #expect(try reason(changed).contains("expected one in its folder"), "\(bad)")
    }
    // A single file goes before an index, as in the reference.
    try Data().write(to: folder.appending(path: "model.safetensors"))
    #expect(try reason(text).contains("has 0 bytes"))
  }

  @Test("A folder without a model, or with weights of another one, is refused")
  func folders() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "llama-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func error() -> CheckpointError? {
      #expect(throws: CheckpointError.self) { try LlamaModel(folder: folder) }
    }
    #expect(error()?.kind == .unreadable)
    for name in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(
        at: Shipped.folder.appending(path: name), to: folder.appending(path: name))
    }
    _ = try LlamaModel(folder: folder)

    let config = folder.appending(path: "config.json")
    let text = try String(contentsOf: config, encoding: .utf8)
    for (found, replacement, reason) in [
      ("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 3", "tensor model.layers.3"),
      ("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 5", "no tensor model.layers.4"),
      ("\"vocab_size\": 4096", "\"vocab_size\": 4095", "[4096, 256], expected [4095, 256]"),
      ("\"attention_bias\": false", "\"attention_bias\": true", "q_proj.bias"),
    ] {
      try text.replacing(found, with: replacement).write(
        to: config, atomically: true, encoding: .utf8)
      #expect(error()?.reason.contains(reason) == true, "\(reason)")
    }
  }
}
