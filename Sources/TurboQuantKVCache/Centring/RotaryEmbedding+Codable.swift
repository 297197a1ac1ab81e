internal import TurboQuant

/// An object with frequencies and pairing.
///
/// ```json
/// {"frequencies": [1, 0.5, 0.25], "pairing": "neighbours"}
/// ```
extension RotaryEmbedding: Codable {
  private enum Key: String, CodingKey {
    case frequencies, pairing
  }

  /// Reads frequencies and pairing; a missing pairing is ``Pairing/halves``.
  ///
  /// - Throws: `DecodingError` for an unknown pairing, or a frequency that is no number or above
  ///   4 radians per position in magnitude.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    let frequencies = try object.decode([Double].self, forKey: .frequencies)
    for frequency in frequencies where !(abs(frequency) <= Self.largestFrequency) {
      throw decoder.refusal(
        "a rotary frequency of \(frequency), expected at most \(Self.largestFrequency) radians per position"
      )
    }
    self.init(
      frequencies: frequencies,
      pairing: try object.decodeIfPresent(Pairing.self, forKey: .pairing) ?? .halves)
  }

  /// Writes frequencies and pairing.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(frequencies, forKey: .frequencies)
    try object.encode(pairing, forKey: .pairing)
  }
}
