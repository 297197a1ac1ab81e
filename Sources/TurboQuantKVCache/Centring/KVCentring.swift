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
