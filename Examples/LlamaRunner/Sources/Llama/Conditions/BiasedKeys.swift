internal import Foundation

/// A cache whose keys are all displaced by one vector per head, as by the bias of a model's projection.
///
/// Softmax does not change when one number is added to all scores of a query, so only what a cache makes of
/// displaced keys can differ, beside rounding. The vector has a random direction, and a length of
/// `size` mean norms of the keys that are appended first.
struct BiasedKeys: LayerCache {
  private var inner: any LayerCache
  private let shape: CacheShape
  private let size: Float
  private let seed: UInt64
  /// `[keyValueHeads][headDimension]`, once keys have come.
  private var bias: [Float] = []

  /// Creates a cache; `seed` names the directions.
  init(_ inner: any LayerCache, shape: CacheShape, size: Float, seed: UInt64) {
    (self.inner, self.shape, self.size, self.seed) = (inner, shape, size, seed)
  }

  var count: Int { inner.count }
  var byteCount: Int { inner.byteCount }

  mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    try shape.check(keys: keys, values: values, tokens: tokens)
    if bias.isEmpty && tokens > 0 { bias = biases(keys, tokens: tokens) }
    let dimension = shape.headDimension
    let displaced = keys.indices.map {
      keys[$0] + bias[$0 / (tokens * dimension) * dimension + $0 % dimension]
    }
    try inner.append(keys: displaced, values: values, tokens: tokens)
  }

  private func biases(_ keys: [Float], tokens: Int) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<shape.keyValueHeads).flatMap { head in
      let rows = keys[
        head * tokens * shape.headDimension..<(head + 1) * tokens * shape.headDimension]
      let norms = stride(from: rows.startIndex, to: rows.endIndex, by: shape.headDimension).map {
        rows[$0..<$0 + shape.headDimension].reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      let direction = (0..<shape.headDimension).map { _ in generator.nextNormal() }
      let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let wanted = size * norms.reduce(0, +) / Float(tokens)
      return direction.map { $0 * wanted / length }
    }
  }

  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    try inner.attend(queries: queries, tokens: tokens, scale: scale)
  }

  mutating func truncate(to count: Int) throws { try inner.truncate(to: count) }
}

extension SeededGenerator {
  /// A normally distributed number, by Box and Muller.
  fileprivate mutating func nextNormal() -> Float {
    let (radius, angle) = (
      Double.random(in: .leastNonzeroMagnitude...1, using: &self),
      Double.random(in: 0..<2 * .pi, using: &self)
    )
    return Float((-2 * log(radius)).squareRoot() * cos(angle))
  }
}
