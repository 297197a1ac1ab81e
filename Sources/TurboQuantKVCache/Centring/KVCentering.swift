/// What is subtracted from vectors before they become codes.
///
/// Keys: ⟨q, k⟩ = ⟨q, k − c⟩ + ⟨q, c⟩, and the last term is exact. So only k − c, which is shorter, is
/// quantized. Values: the sum of the coded tokens' weights, times c, is added back exactly. The append
/// after which there are enough tokens beyond the sinks (``KVConfiguration/centerTokens``) determines c from all of
/// them; until then they stay exact. A mean of n tokens that do not depend on each other leaves 1 + 1/n times what the
/// true mean leaves: that of one token twice as much. c stays until the cache is truncated to zero tokens.
public enum KVCentering: Sendable, Hashable {
  /// Nothing.
  case none
  /// The mean, sinks left out, of keys and of values.
  case mean
  /// Of values the mean; of keys the mean before rotary embedding, embedded at each key's position.
  ///
  /// Under RoPE a constant bias b before the embedding stands as R_p·b in the key at position p. One
  /// constant vector matches only its slow pairs. So the embedding is taken off the keys, and their mean m is
  /// formed. R_p·m is subtracted from every key, and ⟨q, R_p·m⟩ is added to
  /// its score.
  case rotaryMean(RotaryEmbedding)

  /// The embedding of the mean of keys, if it has one.
  var rotary: RotaryEmbedding? {
    if case .rotaryMean(let embedding) = self { embedding } else { nil }
  }
}
