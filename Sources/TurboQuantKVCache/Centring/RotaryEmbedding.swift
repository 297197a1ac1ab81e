internal import TurboQuant

/// The rotary position embedding of a model's keys: at position p, pair i is rotated by the angle p · `frequencies[i]`.
public struct RotaryEmbedding: Sendable, Hashable {
  /// Which coordinates make a pair.
  public enum Pairing: String, Sendable, Hashable, Codable {
    /// Coordinates i and i + n, n the number of frequencies (Hugging Face's Llama).
    case halves
    /// Coordinates 2i and 2i + 1 (the RoFormer paper's).
    case neighbours
  }

  /// The largest frequency in magnitude that a cache takes, in radians per position.
  static let largestFrequency = 4.0

  /// Radians per position, one per pair; coordinates beyond the pairs stay as they are.
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

extension RotaryEmbedding {
  /// cos and sin of `position` · frequency for each pair.
  func phases(at position: Double) -> [SIMD2<Double>] {
    frequencies.map {
      let (cosine, sine) = Portable.cosineAndSine(position * $0)
      return SIMD2(cosine, sine)
    }
  }
}
