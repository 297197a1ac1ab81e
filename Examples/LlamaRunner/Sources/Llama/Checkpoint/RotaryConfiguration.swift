/// How the rotary embedding's frequencies fall.
public struct RotaryConfiguration: Hashable, Sendable {
  /// The base of the frequencies.
  public let theta: Double
  /// How low frequencies are stretched for long contexts, if they are.
  public let stretch: Stretch?

  /// The scaling that files call `llama3`.
  public struct Stretch: Hashable, Sendable {
    /// What low frequencies are divided by.
    public let factor: Double
    /// Frequencies with fewer turns in the original context are divided.
    public let lowTurns: Double
    /// Frequencies with more turns in the original context stay; between the two is a ramp.
    public let highTurns: Double
    /// The context length before stretching.
    public let originalContext: Double
  }

  init(_ raw: ConfigurationFile, file: String) throws {
    let rope = raw.rope_parameters ?? raw.rope_scaling
    theta = rope?.rope_theta ?? raw.rope_theta ?? 10_000
    guard theta > 0 && theta.isFinite else {
      throw CheckpointError(.damaged, file, "has rope_theta \(theta), expected a positive number")
    }
    guard rope?.partial_rotary_factor ?? 1 == 1 else {
      throw CheckpointError(
        .unsupported, file, "has a partial_rotary_factor, supported is 1: the whole head")
    }
    switch rope?.rope_type ?? rope?.type ?? "default" {
    case "default":
      stretch = nil
    case "llama3":
      guard let rope, let factor = rope.factor, let low = rope.low_freq_factor,
        let high = rope.high_freq_factor, let original = rope.original_max_position_embeddings,
        factor > 0, low > 0, high > low, original > 0
      else {
        throw CheckpointError(
          .damaged, file,
          "has rope_type llama3, expected positive factor, low_freq_factor, "
            + "high_freq_factor above it and original_max_position_embeddings")
      }
      stretch = Stretch(
        factor: factor, lowTurns: low, highTurns: high, originalContext: original)
    case let other:
      throw CheckpointError(
        .unsupported, file, "has rope_type \(other), supported are default and llama3")
    }
  }
}
