/// The parameters that determine the rotary embedding's frequencies.
public struct RotaryConfiguration: Hashable, Sendable {
  /// The base of the frequencies.
  public let theta: Double
  /// The scaling of low frequencies for long contexts, if there is any.
  public let frequencyScaling: FrequencyScaling?

  /// The scaling that model files call `llama3`.
  public struct FrequencyScaling: Hashable, Sendable {
    /// The divisor of low frequencies.
    public let factor: Double
    /// Frequencies with fewer turns in the original context are divided.
    public let lowTurns: Double
    /// Frequencies with more turns in the original context stay; between both limits there is a ramp.
    public let highTurns: Double
    /// The context length before scaling.
    public let originalContext: Double
  }

  /// Reads the settings of `config.json`.
  ///
  /// As in the reference, `rope_scaling` takes precedence over `rope_parameters`, and settings in either
  /// take precedence over those outside.
  init(_ raw: inout JSONObject, contextLength: Int) throws {
    let (scaling, parameters) = (try raw.object("rope_scaling"), try raw.object("rope_parameters"))
    if let scaling, let parameters, scaling.entries != parameters.entries {
      throw raw.damaged("has rope_scaling and other rope_parameters, expected one of them")
    }
    let outside = (
      theta: try raw.optional("rope_theta", as: Double.self),
      part: try raw.optional("partial_rotary_factor", as: Double.self),
      original: try raw.optional("original_max_position_embeddings", as: Double.self)
    )
    var inside = try scaling ?? parameters ?? JSONObject(.object([]), path: "", file: raw.file)
    theta = try inside.optional("rope_theta") ?? outside.theta ?? 10_000
    guard theta > 0 else {
      throw raw.damaged("has rope_theta \(theta), expected a positive number")
    }
    let part = try inside.optional("partial_rotary_factor") ?? outside.part ?? 1
    guard part == 1 else {
      throw raw.unsupported(
        "has a partial_rotary_factor of \(part), supported is 1: the whole head")
    }
    let (newer, older): (ExactText?, ExactText?) = (
      try inside.optional("rope_type"), try inside.optional("type")
    )
    guard newer == nil || older == nil || newer == older else {
      throw raw.damaged("has \(inside.place("rope_type")) and another type, expected one of them")
    }
    switch newer ?? older ?? "default" {
    case "default":
      frequencyScaling = nil
    case "llama3":
      frequencyScaling = try FrequencyScaling(
        &inside, originalContext: outside.original, contextLength: contextLength)
    case let other:
      throw raw.unsupported("has rope_type \(other), supported are default and llama3")
    }
    try inside.refuseUnread()
  }
}

extension RotaryConfiguration.FrequencyScaling {
  fileprivate init(_ raw: inout JSONObject, originalContext: Double?, contextLength: Int) throws {
    factor = try raw.required("factor")
    lowTurns = try raw.required("low_freq_factor")
    highTurns = try raw.required("high_freq_factor")
    let own: Double? = try raw.optional("original_max_position_embeddings")
    if let originalContext, let own, originalContext != own {
      throw raw.damaged(
        "has \(raw.place("original_max_position_embeddings")) \(own) and \(originalContext) outside, "
          + "expected one of them")
    }
    self.originalContext = originalContext ?? own ?? Double(contextLength)
    guard factor > 0, lowTurns > 0, highTurns > lowTurns, self.originalContext > 0 else {
      throw raw.damaged(
        "has rope_type llama3, expected positive factor, low_freq_factor, high_freq_factor above it "
          + "and original_max_position_embeddings")
    }
  }
}
