public import Foundation

/// The settings of `generation_config.json` for texts that the model generates.
public struct GenerationSettings: Hashable, Sendable {
  /// The tokens that end a text; nil if the file leaves them to `config.json`.
  public let endTokens: Set<Int>?
  /// The file's settings that this example leaves to its caller, such as `top_p 0.9`.
  public let notApplied: [String]

  private static let harmless: Set<ExactText> = [
    "_from_model_config", "bos_token_id", "eos_token_id", "max_length", "max_new_tokens",
    "pad_token_id", "transformers_version", "use_cache",
  ]

  /// Reads the file; `CheckpointError` says why it cannot be read.
  public init(contentsOf url: URL) throws {
    try self.init(JSONObject(contentsOf: url))
  }

  /// Reads the bytes of a file; `file` names it in messages.
  public init(_ data: Data, file: String) throws {
    try self.init(JSONObject(data, file: file))
  }

  private init(_ file: JSONObject) throws {
    var raw = file
    endTokens = try raw.tokens("eos_token_id")
    notApplied = raw.entries.filter { $0.value != .null && !Self.harmless.contains($0.name) }
      .map { "\($0.name) \($0.value)" }
  }
}
