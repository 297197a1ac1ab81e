internal import Foundation

/// Turns pairs of coordinates of queries and keys by angles that grow with the position.
struct RotaryEmbedding: Sendable {
  private let headDimension: Int
  /// The frequency of each pair, in radians per token.
  let frequencies: [Float]

  /// Creates the frequencies of a configuration.
  ///
  /// Each step is rounded to float32 as in the reference implementation. At position 1,000, one unit in
  /// the last place of a frequency near 1 is already an angle of 6e-5.
  init(_ configuration: RotaryConfiguration, headDimension: Int) {
    self.headDimension = headDimension
    frequencies = stride(from: 0, to: headDimension, by: 2).map { index in
      let exponent = Float(index) / Float(headDimension)
      let frequency = 1 / powf(Float(configuration.theta), exponent)
      return configuration.frequencyScaling.map { Self.scaled(frequency, $0) } ?? frequency
    }
  }

  private static func scaled(
    _ frequency: Float, _ scaling: RotaryConfiguration.FrequencyScaling
  ) -> Float {
    let frequency = Double(frequency)
    let turns = scaling.originalContext * frequency / (2 * .pi)
    let ramp = (turns - scaling.lowTurns) / (scaling.highTurns - scaling.lowTurns)
    let kept = min(max(ramp, 0), 1)
    return Float(kept * frequency + (1 - kept) * frequency / scaling.factor)
  }

  /// Moves `[tokens][heads × dimension]` to `[heads][tokens][dimension]` and turns each pair.
  ///
  /// A pair consists of coordinates i and i + dimension / 2. The first token is at `position`.
  func turned(_ rows: [Float], heads: Int, tokens: Int, position: Int) -> [Float] {
    let half = headDimension / 2
    var result = [Float](repeating: 0, count: rows.count)
    for token in 0..<tokens {
      let angles = frequencies.map { Float(position + token) * $0 }
      let cosines = angles.map { cosf($0) }
      let sines = angles.map { sinf($0) }
      for head in 0..<heads {
        let from = (token * heads + head) * headDimension
        let to = (head * tokens + token) * headDimension
        for pair in 0..<half {
          let (x, y) = (rows[from + pair], rows[from + half + pair])
          result[to + pair] = x * cosines[pair] - y * sines[pair]
          result[to + half + pair] = y * cosines[pair] + x * sines[pair]
        }
      }
    }
    return result
  }
}

/// The two orders of a layer's heads and tokens.
enum HeadOrder {
  /// From `[tokens][heads × dimension]` to `[heads][tokens][dimension]`.
  static func headsFirst(_ rows: [Float], heads: Int, tokens: Int, dimension: Int) -> [Float] {
    swapped(rows, outer: tokens, inner: heads, dimension: dimension)
  }

  /// From `[heads][tokens][dimension]` to `[tokens][heads × dimension]`.
  static func tokensFirst(_ rows: [Float], heads: Int, tokens: Int, dimension: Int) -> [Float] {
    swapped(rows, outer: heads, inner: tokens, dimension: dimension)
  }

  private static func swapped(
    _ rows: [Float], outer: Int, inner: Int, dimension: Int
  ) -> [Float] {
    guard outer > 1 && inner > 1 else { return rows }
    var result = [Float](repeating: 0, count: rows.count)
    for i in 0..<outer {
      for j in 0..<inner {
        let from = (i * inner + j) * dimension
        let to = (j * outer + i) * dimension
        for k in 0..<dimension { result[to + k] = rows[from + k] }
      }
    }
    return result
  }
}
