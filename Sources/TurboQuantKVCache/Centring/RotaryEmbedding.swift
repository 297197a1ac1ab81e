internal import TurboQuant

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

extension RotaryEmbedding {
  /// cos and sin of `positions` · frequency of each pair.
  func turn(by positions: Double) -> [SIMD2<Double>] {
    frequencies.map {
      let (cosine, sine) = Portable.cosineAndSine(positions * $0)
      return SIMD2(cosine, sine)
    }
  }

  /// Turns `vector` by what `turn` says.
  func apply(_ turn: [SIMD2<Double>], to vector: inout [Double]) {
    // Spans, since a page of scores asks for some hundred pairs.
    let (turn, count) = (turn.span, turn.count)
    var target = vector.mutableSpan
    switch pairing {
    case .halves:
      for i in 0..<count {
        let (x, y) = (target[i], target[i + count])
        target[i] = turn[i].x * x - turn[i].y * y
        target[i + count] = turn[i].y * x + turn[i].x * y
      }
    case .neighbours:
      for i in 0..<count {
        let (x, y) = (target[2 * i], target[2 * i + 1])
        target[2 * i] = turn[i].x * x - turn[i].y * y
        target[2 * i + 1] = turn[i].y * x + turn[i].x * y
      }
    }
  }
}
