/// What is subtracted from vectors before they become codes.
///
/// Keys: the score ⟨q, k⟩ = ⟨q, k − c⟩ + ⟨q, c⟩ is exact in c, so only k − c, which is shorter, is
/// quantized. Values: weights sum to one over all tokens, so the codes' share of them times c is added
/// back exactly. c is fixed by the first append that goes beyond the sinks, and kept until the cache is
/// truncated to nothing.
public enum KVCentring: Sendable, Hashable {
  /// Nothing.
  case none
  /// The mean of the first append, sinks left out, of keys and of values.
  case mean
  /// Of values the mean; of keys a bias that turns with the position under rotary embedding.
  ///
  /// Under RoPE a constant bias b before the embedding stands as R_p·b in the key at position p, and
  /// one constant catches only its slow pairs. The keys of the first append are turned back and
  /// averaged, R_p·b̂ is subtracted from every key, and ⟨q, R_p·b̂⟩ is added to its score.
  case turnedMean(RotaryEmbedding)

  /// The embedding that turns the mean of keys, if one does.
  var rotary: RotaryEmbedding? {
    if case .turnedMean(let embedding) = self { embedding } else { nil }
  }
}

/// The rotary position embedding of a model's keys: pair i turns by p · `frequencies[i]` at position p.
public struct RotaryEmbedding: Sendable, Hashable {
  /// Which coordinates make a pair.
  public enum Pairing: Sendable, Hashable {
    /// Coordinates i and i + n, n the number of frequencies (Hugging Face's Llama).
    case halves
    /// Coordinates 2i and 2i + 1 (the RoFormer paper's).
    case neighbours
  }

  /// Radians a position, one a pair; coordinates beyond the pairs do not turn.
  public let frequencies: [Double]
  /// Which coordinates make a pair.
  public let pairing: Pairing

  /// An embedding of any frequencies, such as those of a scaled context.
  public init(frequencies: [Double], pairing: Pairing = .halves) {
    self.frequencies = frequencies
    self.pairing = pairing
  }

  /// The two coordinates of pair `i`.
  func pair(_ i: Int) -> (Int, Int) {
    switch pairing {
    case .halves: (i, i + frequencies.count)
    case .neighbours: (2 * i, 2 * i + 1)
    }
  }
}
