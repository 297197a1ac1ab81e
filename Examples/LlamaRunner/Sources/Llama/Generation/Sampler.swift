internal import Foundation

/// Chooses the next token from logits.
public struct Sampler: Sendable {
  /// The divisor of logits; at 0, the likeliest token is taken.
  public let temperature: Float
  /// Tokens are drawn from the likeliest ones that together have this probability.
  public let topP: Float
  private var generator: SeededGenerator

  /// Creates a sampler.
  ///
  /// - Parameters:
  ///   - temperature: Zero or more.
  ///   - topP: Above 0, at most 1.
  ///   - seed: The seed of the random numbers.
  public init(temperature: Float, topP: Float = 1, seed: UInt64) {
    precondition(temperature >= 0 && temperature.isFinite && topP > 0 && topP <= 1)
    self.temperature = temperature
    self.topP = topP
    generator = SeededGenerator(seed: seed)
  }

  /// Takes the likeliest token each time.
  public static let greedy: Sampler = Sampler(temperature: 0, seed: 0)

  /// Chooses a token; among equally likely tokens, the first.
  ///
  /// Throws `ModelError.notFinite` for logits that are not numbers.
  public mutating func next(_ logits: [Float]) throws -> Int {
    guard let best = logits.indices.max(by: { logits[$0] < logits[$1] }),
      logits.allSatisfy(\.isFinite)
    else { throw ModelError.notFinite }
    guard temperature > 0 else { return best }
    let top = logits[best]
    let weights = logits.map { Double(exp(($0 - top) / temperature)) }
    let order = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
    let kept = nucleus(order, weights)
    var left = Double.random(in: 0..<kept.total, using: &generator)
    for token in order.prefix(kept.count) {
      left -= weights[token]
      if left < 0 { return token }
    }
    return order[kept.count - 1]  // Rounding may leave a rest.
  }

  /// The smallest number of likeliest tokens that have `topP` of all weight, and their weight.
  private func nucleus(_ order: [Int], _ weights: [Double]) -> (count: Int, total: Double) {
    let wanted = Double(topP) * weights.reduce(0, +)
    var total = 0.0
    for (index, token) in order.enumerated() {
      total += weights[token]
      if topP < 1 && total >= wanted { return (index + 1, total) }
    }
    return (order.count, total)
  }
}
