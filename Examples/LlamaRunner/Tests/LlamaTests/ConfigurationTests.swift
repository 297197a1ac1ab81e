import Foundation
import Testing

@testable import Llama

@Suite struct ConfigurationTests {
  /// Small random models that `Fixtures/make.py` made, with the logits of Hugging Face's library.
  ///
  /// `llama3`: biases in the attention, stretched rotary embedding, a head of its own, bfloat16,
  /// two files. `qwen2`: biases without one on the output, heads wider than hidden size / heads.
  @Test("Variants of the model compute the reference's logits", arguments: ["llama3", "qwen2"])
  func variants(name: String) throws {
    let folder = Shipped.fixtures.appending(path: name)
    let model = try LlamaModel(folder: folder)
    let expected: [[Float]] = try readArray(folder.appending(path: "logits_f32.npy"))
    let tokens = (0..<expected.count).map { ($0 * 7 + 3) % model.configuration.vocabularySize }
    var caches = model.makeFloatCaches()
    let logits = try model.forward(tokens, caches: &caches, logits: .all)
    let difference = largestDifference(logits, expected.joined())
    // These are narrower and shallower than the shipped model, so its budget holds.
    #expect(expected.joined().allSatisfy { abs($0) < 32 })
    #expect(difference <= ReferenceTests.tolerance)
  }

  static let unsupported: [(String, String, String)] = [
    (#""silu""#, #""gelu""#, "gelu"),
    (#""mlp_bias": false"#, #""mlp_bias": true"#, "mlp_bias"),
    (#""rope_type": "default""#, #""rope_type": "yarn""#, "yarn"),
    (#""model_type": "llama""#, #""model_type": "mixtral""#, "mixtral"),
    (#""use_cache": true"#, #""sliding_window": 64"#, "sliding_window"),
    (#""use_cache": true"#, #""quantization_config": {"bits": 4}"#, "quantization_config"),
    (#""hidden_size": 256,"#, "", "hidden_size"),
    (#""num_key_value_heads": 2"#, #""num_key_value_heads": 3"#, "multiple of 3"),
    (#""num_attention_heads": 4"#, #""num_attention_heads": 0"#, "size below 1"),
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
